"""The description is OpenAPI, and speaks of every endpoint."""

import pytest
from drf_spectacular.validation import validate_schema

from tests.rest.walk import METHODS, endpoints
from webapp.rest.documents import description

pytestmark = pytest.mark.thorough

UNDESCRIBED = {("api-schema", "get"), ("api-docs", "get"), *(("api-nowhere", method) for method in METHODS)}


def test_it_is_openapi_and_describes_every_endpoint() -> None:
    described = description()
    validate_schema(described)
    assert described["openapi"].startswith("3.1")
    operations = [method for item in described["paths"].values() for method in item if method in METHODS]
    assert len(operations) == len(endpoints() - UNDESCRIBED)
