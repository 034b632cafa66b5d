"""The documentation page: Swagger UI from a package, without the internet and without inline code."""

from functools import cache
from importlib import resources
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

router = APIRouter(prefix="/api/docs", include_in_schema=False)

# Swagger UI draws its icons from data: addresses and sets style attributes.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>KeyPortal API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<noscript>This page needs JavaScript. The document is <a href="/api/openapi.json">openapi.json</a>.</noscript>
<main id="swagger-ui"></main>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/init.js"></script>
</body>
</html>
"""
_INIT = """SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
"""


@router.get("")
async def page() -> HTMLResponse:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/init.js")
async def initialiser() -> Response:
    return Response(_INIT, media_type="text/javascript")


@router.get("/swagger-ui.css")
def style_sheet() -> FileResponse:
    return FileResponse(_assets() / "swagger-ui.css", media_type="text/css")


@router.get("/swagger-ui-bundle.js")
def bundle() -> FileResponse:
    return FileResponse(_assets() / "swagger-ui-bundle.js", media_type="text/javascript")


@cache
def _assets() -> Path:
    return Path(str(resources.files("swagger_ui"))) / "static"
