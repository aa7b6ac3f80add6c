"""Every address for people has a rule and a name, and says by its answer what the rule says."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse

from tests.people.phones import Phone, sign_in_with
from tradingfarm.people.access import READ, Rule
from tradingfarm.people.models import User
from tradingfarm.people.urls import OWN, PEOPLE, urlpatterns

pytest_plugins = ("tests.people.fixtures",)

VALUES = {"session_id": 1, "person_id": 1, "secret": "none", "uidb36": "1", "key": "a-b"}


def path_of(pattern: URLPattern) -> str:
    names = pattern.pattern.converters or pattern.pattern.regex.groupindex
    return reverse(str(pattern.name), kwargs={name: VALUES[name] for name in names})


def rule_of(pattern: URLPattern) -> Rule:
    rule = getattr(pattern.callback, "rule", None)
    assert isinstance(rule, Rule)
    return rule


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: str(pattern.name))
def test_every_view_has_a_rule_and_a_name(pattern: URLPattern) -> None:
    assert pattern.name
    assert isinstance(rule_of(pattern), Rule)


@pytest.mark.parametrize("pattern", [*OWN, *PEOPLE], ids=lambda pattern: str(pattern.name))
def test_a_stranger_is_sent_to_sign_in(client: Client, db: None, pattern: URLPattern) -> None:
    path = path_of(pattern)

    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: str(pattern.name))
def test_only_the_methods_of_the_rule_are_answered(
    client: Client, operator: User, phone: Phone, pattern: URLPattern
) -> None:
    sign_in_with(client, "olga", phone)
    path, methods = path_of(pattern), rule_of(pattern).methods

    assert (client.get(path).status_code == 405) is ("GET" not in methods)
    assert (client.post(path).status_code == 405) is (methods == READ)
    assert client.put(path).status_code == client.delete(path).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        *("account_signup", "account_email", "account_set_password", "mfa_add_webauthn"),
        *("mfa_login_webauthn", "socialaccount_connections", "account_confirm_email"),
    ],
)
def test_what_is_not_used_is_not_routed(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_the_admin_keeps_secrets_to_itself(office: Client, operator: User) -> None:
    registered = {model._meta.label for model in admin.site._registry}
    assert not registered & {"mfa.Authenticator", "account.EmailAddress", "auth.Group"}

    pages = [
        office.get(path).content.decode()
        for path in (
            "/admin/people/user/",
            f"/admin/people/user/{operator.pk}/change/",
            "/admin/usersessions/usersession/",
        )
    ]

    assert operator.password not in "".join(pages)
    assert str(office.session.session_key) not in "".join(pages)
    assert office.get("/admin/people/user/add/").status_code == 403
    assert office.post(f"/admin/people/user/{operator.pk}/change/").status_code == 403
