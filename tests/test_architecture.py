"""What import-linter and ruff cannot see of the rules that keep this house in order."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Field, Model

ROOT = Path(__file__).resolve().parent.parent
# Bottom first: a foreign key may point to its own app or to one further left.
LAYERS = ("kernel", "people", "tradingfarm", "market", "trading", "agents", "triggers")
PRODUCT = ("market", "trading", "agents", "triggers", "tradingfarm", "scripts")
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 50
SAYS_NOTHING = {"utils", "helpers", "common", "misc"}


def python_files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


SOURCES = python_files(*PRODUCT)
EVERYTHING = [ROOT / "manage.py", *SOURCES, *python_files("tests", "bench")]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=LAYERS)
def models(request: pytest.FixtureRequest) -> list[type[Model]]:
    """The models of one app of ours."""
    return list(apps.get_app_config(request.param).get_models())


def relations_of(model: type[Model]) -> Iterator["Field[Any, Any]"]:
    for field in model._meta.get_fields():
        if isinstance(field, Field) and field.is_relation and field.related_model:
            yield field


def target_of(field: "Field[Any, Any]") -> str:
    related = field.related_model
    assert isinstance(related, type), f"{field} names a model that is not installed"
    return str(related._meta.app_label)


def test_foreign_keys_point_down(models: list[type[Model]]) -> None:
    # import-linter cannot see ForeignKey("agents.Execution"); this can.
    upward = [
        str(field)
        for model in models
        for field in relations_of(model)
        if target_of(field) in LAYERS
        and LAYERS.index(target_of(field)) > LAYERS.index(model._meta.app_label)
    ]

    assert upward == []


def test_keys_between_apps_leave_no_way_back_up(models: list[type[Model]]) -> None:
    # Without related_name="+", trading could walk order.execution_set into agents.
    named = [
        str(field)
        for model in models
        for field in relations_of(model)
        if target_of(field) in LAYERS
        and target_of(field) != model._meta.app_label
        and not (field.remote_field and field.remote_field.hidden)
    ]

    assert named == []


def test_files_stay_small() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in EVERYTHING}

    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_functions_stay_small() -> None:
    long = [
        f"{name_of(path)}: {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= MAX_FUNCTION_LINES
    ]

    assert long == []


def test_modules_have_names_that_say_something() -> None:
    names = {name_of(path): {path.stem, *path.relative_to(ROOT).parts} for path in EVERYTHING}

    assert [name for name, parts in names.items() if parts & SAYS_NOTHING] == []


def test_only_the_risk_gate_approves_orders() -> None:
    makers = {
        name_of(path)
        for path in python_files("market", "trading", "agents", "triggers", "tradingfarm")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "ApprovedOrder"
    }

    assert makers == {"trading/domain/risk.py"}


EXCEPTION = re.compile(
    r"#\s*(?:ruff:\s*|flake8:\s*)?noqa\b(?::\s*[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)?"
    r"|#\s*type:\s*ignore\b(?:\[[^\]]*\])?"
)


def unexplained(comment: str) -> bool:
    """Whether it switches a rule off without three words or more that say why."""
    found = EXCEPTION.search(comment)
    return found is not None and len(re.findall(r"\w+", comment[found.end() :])) < 3


@pytest.mark.parametrize(
    "comment",
    ["# noqa", "# noqa: E501", "# noqa: E501, S608", "# type: ignore[misc]", "# ruff: noqa: E402"],
)
def test_an_exception_without_a_reason_is_seen(comment: str) -> None:
    assert unexplained(comment)


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: S608 - only names of columns",
        "# type: ignore[misc]  # django-stubs does not know this field",
        "# nothing of that kind",
    ],
)
def test_a_reason_is_accepted(comment: str) -> None:
    assert not unexplained(comment)


def comments_of(path: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_every_exception_from_a_rule_says_why() -> None:
    silent = [
        f"{name_of(path)}:{line} {comment}"
        for path in EVERYTHING
        for line, comment in comments_of(path)
        if unexplained(comment)
    ]

    assert silent == []


def test_locks_name_no_registry() -> None:
    # Whoever installs asks the registry or mirror of their own settings; hashes do the checking.
    locks = [*(ROOT / "requirements").iterdir(), ROOT / "package-lock.json"]

    assert [name_of(path) for path in locks if "://" in path.read_text()] == []
