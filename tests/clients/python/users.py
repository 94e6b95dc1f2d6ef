"""The life of a user, through a client that is generated from openapi.yaml."""

import datetime
import sys
from http import HTTPStatus

import httpx
from users_api_client import AuthenticatedClient
from users_api_client.api.users import create_user, delete_user, get_user, list_users, update_user
from users_api_client.models import (
    Address,
    CreateUser,
    Language,
    Problem,
    ProblemCode,
    UpdateAddressType0,
    UpdateUser,
    User,
    UserList,
)

url = sys.argv[1]
client = AuthenticatedClient(base_url=url, token=httpx.get(f"{url}/docs/token").text)

ada = CreateUser(
    email="ada.python@example.com",
    first_name="Ada",
    last_name="Lovelace",
    date_of_birth=datetime.date(1990, 5, 15),
    residency_country="GR",
    language=Language.EN,
    address=Address(line1="12 Ermou", city="Athens", postal_code="105 63", country_code="GR"),
)

created = create_user.sync_detailed(client=client, body=ada)
assert created.status_code == HTTPStatus.CREATED, created
user = created.parsed
assert isinstance(user, User)
assert created.headers["location"] == f"/users/{user.id}"

assert get_user.sync(user.id, client=client) == user
assert list_users.sync(client=client, email=ada.email, residency_country=["CY", "GR"]) == UserList(items=[user])

patch = UpdateUser(last_name="King", language=None, address=UpdateAddressType0(city="Patras"))
changed = update_user.sync(user.id, client=client, body=patch, if_match=created.headers["etag"])
assert isinstance(changed, User), changed
expected = user.to_dict() | {"lastName": "King", "updatedAt": changed.updated_at.isoformat()}
del expected["language"]
expected["address"]["city"] = "Patras"
assert changed.to_dict() == expected

assert delete_user.sync_detailed(user.id, client=client).status_code == HTTPStatus.NO_CONTENT

gone = get_user.sync(user.id, client=client)
assert isinstance(gone, Problem) and gone.code == ProblemCode.NOT_FOUND, gone

# The types know what is required: mypy reports the line where the comment is missing.
try:
    CreateUser(email=ada.email)  # type: ignore[call-arg]
except TypeError:
    pass
else:
    raise AssertionError("a user without a name can be written")
