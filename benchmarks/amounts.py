"""How much each measurement does: bounded in count and time, in full or in a minute's pass."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Amounts:
    """Seconds where a name says so, otherwise numbers of what is done."""

    connections: tuple[int, ...]
    rounds: int
    round_seconds: float
    crashes: int
    crash_seconds: float
    steady_seconds: float
    people: int
    imports: int
    import_lines: int
    tests: int
    size_rounds: int
    credentials: int
    users: int
    memory_first: int
    memory_last: int
    rows: tuple[int, ...]
    calls: int
    events: int
    starts: int


FULL = Amounts(
    connections=(1, 32, 128),
    rounds=5,
    round_seconds=1.0,
    crashes=4,
    crash_seconds=2.0,
    steady_seconds=30.0,
    people=20,
    imports=1,
    import_lines=1000,
    tests=100,
    size_rounds=6,
    credentials=100_000,
    users=5_000,
    memory_first=10_000,
    memory_last=1_000_000,
    rows=(100, 100_000, 1_000_000),
    calls=30,
    events=200,
    starts=5,
)
QUICK = Amounts(
    connections=(1, 32),
    rounds=3,
    round_seconds=0.5,
    crashes=1,
    crash_seconds=1.0,
    steady_seconds=6.0,
    people=20,
    imports=1,
    import_lines=1000,
    tests=20,
    size_rounds=3,
    credentials=10_000,
    users=500,
    memory_first=10_000,
    memory_last=50_000,
    rows=(100, 10_000),
    calls=15,
    events=40,
    starts=2,
)
RATE = 50
