"""Every refusal KeyPortal can give: each names a fact, carries a stable `code`, says what to do next.

Messages never repeat what the caller sent. HTTP statuses are decided in `api/errors.py`, looks in
`ui/shared/session.py`.
"""


class KeyPortalError(Exception):
    """Base of all refusals. `code` is stable; `field` names the input at fault, if one is."""

    code = "error"
    message = "Something went wrong on our side. Try again; if it stays, tell an admin."

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        self.message = message or type(self).message
        self.field = field
        super().__init__(self.message)


class NotSignedIn(KeyPortalError):
    code = "not_signed_in"
    message = "Sign in first."


class SignInFailed(KeyPortalError):
    code = "sign_in_failed"
    message = "This email and password do not match. Check both and try again."


class AgentKeyRefused(KeyPortalError):
    """The bearer value is not an agent key we know; the same answer for every wrong value."""

    code = "agent_key_refused"
    message = "This agent key is not known here. Create one on the Agent keys page."


class AgentKeyExpired(AgentKeyRefused):
    code = "agent_key_expired"
    message = "This agent key has expired. Create a new one on the Agent keys page."


class AgentKeyRevoked(AgentKeyRefused):
    code = "agent_key_revoked"
    message = "This agent key was revoked. Create a new one on the Agent keys page."


class Forbidden(KeyPortalError):
    code = "forbidden"
    message = "You are not allowed to do this. Ask an admin."


class OriginRefused(KeyPortalError):
    code = "origin_refused"
    message = "This request came from another site. Use the portal's own address."


class NotFound(KeyPortalError):
    """Missing and not-yours alike."""

    code = "not_found"
    message = "There is nothing here under this id. It may have been deleted."


class UnknownProvider(KeyPortalError):
    code = "unknown_provider"
    message = "There is no provider with this id here. The list of providers has all ids."


class ProviderDisabled(KeyPortalError):
    """The provider is known, and an admin turned it off. Keys saved for it stay."""

    code = "provider_disabled"
    message = "This provider is turned off here. An admin can turn it on."


class ProviderInUse(KeyPortalError):
    """A provider that keys are saved for cannot go: nothing would say any more what they are for."""

    code = "provider_in_use"
    message = "Keys are saved for this provider. Delete them first, or turn it off."


class NoKey(KeyPortalError):
    code = "no_key"
    message = "No API key is configured for this provider."


class KeyUnreadable(KeyPortalError):
    code = "key_unreadable"
    message = (
        "A saved API key exists but cannot be decrypted. Replace its value, or restore the encryption"
        " key it was saved with."
    )


class NeedsReentry(KeyUnreadable):
    """The key was handed over, or the encryption key of its value is lost: only its name is left."""

    code = "needs_reentry"
    message = "A saved API key has lost its value. Edit the key and enter the value again."


class ProviderTaken(KeyPortalError):
    """The policy is one key per provider."""

    code = "provider_taken"
    message = "API key for this provider already exists. Edit that one, or delete it first."


class LinkTaken(KeyPortalError):
    code = "link_taken"
    message = "This key is linked there already."


class RotationUnderWay(KeyPortalError):
    """The rotation of a key is not where it would have to be for this."""

    code = "rotation_under_way"
    message = "A new value waits to take this key's place. Finish that rotation or discard it first."


class ResealingUnderWay(KeyPortalError):
    """Somebody is rotating the encryption key at this moment."""

    code = "resealing_under_way"
    message = "Saved values are being re-sealed at this moment. Wait until that is done, then look again."


class ProcessLacksKey(KeyPortalError):
    """A server that runs was started without an encryption key that others are about to need."""

    code = "process_lacks_key"
    message = "A running server does not hold the current encryption key yet. Restart it, then try again."


class EncryptionKeyHeld(KeyPortalError):
    """A key is to be given up as lost that is not lost."""

    code = "encryption_key_held"
    message = "This encryption key is not lost. Nothing was changed."


class AlreadyReported(KeyPortalError):
    code = "already_reported"
    message = "Another outcome was reported for this before, and the first one counts. Report each once."


class ReportedTooLate(KeyPortalError):
    code = "reported_too_late"
    message = "This key was handed out more than 7 days ago. Report what came of it soon after the call."


class NameTaken(KeyPortalError):
    code = "name_taken"
    message = "You already have a key with this name. Choose another name."


class EmailTaken(KeyPortalError):
    code = "email_taken"
    message = "A person with this email already exists."


class LastAdmin(KeyPortalError):
    """Somebody has to be able to manage the portal."""

    code = "last_admin"
    message = "This is the last active admin. Make somebody else an admin first."


class NotYourself(KeyPortalError):
    code = "not_yourself"
    message = "You cannot do this to your own account. Ask another admin."


class WrongPersonStatus(KeyPortalError):
    """What was asked does not fit where the person stands, such as a reset of somebody deactivated."""

    code = "wrong_person_status"
    message = "This person has no active account. Reactivate or invite them first."


class LinkEnded(KeyPortalError):
    """Used, expired, replaced and unknown links alike."""

    code = "link_ended"
    message = "This link is used up or expired. Ask your admin for a new one."


class AlreadySetUp(KeyPortalError):
    code = "already_set_up"
    message = "This portal already has an admin. Sign in, or ask an admin to add you."


class VersionConflict(KeyPortalError):
    code = "version_conflict"
    message = "This was changed in the meantime. Reload it, look at the change, then save again."


class InvalidInput(KeyPortalError):
    """One field is unusable. The message gives the reason and never the value."""

    code = "invalid_input"
    message = "Something in this form cannot be used."


class LineRefused(KeyPortalError):
    """One line stops an import, so nothing of it is stored. `line` is its number."""

    code = "line_refused"

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"Line {line}: {reason} Nothing was imported.", field="rows")
        self.line = line


class TooManyAttempts(KeyPortalError):
    """`retry_after` is in whole seconds."""

    code = "too_many_attempts"
    message = "Too many attempts. Wait a few minutes, then try again."

    def __init__(self, message: str | None = None, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyTests(TooManyAttempts):
    code = "too_many_tests"
    message = "Too many keys are being tested right now. Wait a moment, then test again."


class UnusableSetting(KeyPortalError):
    """A setting stops the start. `setting` is its name; the message never holds its value."""

    code = "unusable_setting"

    def __init__(self, setting: str, reason: str) -> None:
        self.setting = setting
        super().__init__(f"{setting}: {reason}")


class Unopenable(KeyPortalError):
    """A sealed blob does not open: another key, another place, or damage. Never says which bytes."""

    code = "unopenable"
    message = "This sealed value cannot be opened."


class StorageUnavailable(KeyPortalError):
    code = "storage_unavailable"
    message = "The database cannot be reached. Try again in a moment."


class StorageFull(StorageUnavailable):
    """Reading still works."""

    code = "storage_full"
    message = "The database's disk is full, so nothing was saved. Once it has room again, try again."


class StorageReadOnly(StorageUnavailable):
    """Reading still works."""

    code = "storage_read_only"
    message = "The database can only be read just now, so nothing was saved. Tell an admin, then try again."


class StorageDamaged(StorageUnavailable):
    code = "storage_damaged"
    message = "The database is damaged. Tell an admin: `python -m keyportal doctor` says what to do."


class BackupRefused(KeyPortalError):
    """A backup cannot be made as asked, or a file is none that can be used."""

    code = "backup_refused"


class BackupFailed(KeyPortalError):
    """A copy could not be finished. What was begun is gone, and the database is as it was."""

    code = "backup_failed"


class RestoreRefused(KeyPortalError):
    """A backup is not put in the place of this database. Nothing was touched."""

    code = "restore_refused"


# What any act on the database may meet.
STORAGE_FAULTS = (StorageUnavailable, StorageReadOnly, StorageDamaged, StorageFull)
