"""A question as the body of a Messages API request.

What stays the same comes first (who the agent is, its strategy, the question), so that the service
can keep it in its cache; then the material, fenced; then what to do with it.
"""

from typing import Any

from agents.domain.asking import ProviderRequest
from agents.domain.prompts import ANSWER_NOW, GROUND_RULE, material
from agents.domain.schemas import reply_schema

CACHED = {"type": "ephemeral"}
# Later models refuse a temperature and think by themselves, as much as the effort says.
TAKE_TEMPERATURE = (
    "claude-haiku-4-5",
    "claude-sonnet-4-5",
    "claude-opus-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-6",
)
KNOW_NO_EFFORT = ("claude-haiku-4-5", "claude-sonnet-4-5")
# A vote closes after half a minute, and thinking is paid as output.
EFFORT = "low"


def body_of(request: ProviderRequest, *, model: str) -> dict[str, Any]:
    """The keywords of the SDK's `messages.create`.

    The reply's form is asked for as an output format and not as a forced tool: models that always
    think refuse those.
    """
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens,
        "system": [_text("\n\n".join(filter(None, (GROUND_RULE, request.system))))],
        "messages": [{"role": "user", "content": _content(request)}],
        "output_config": _output_config(request, model),
    }
    if model.startswith(TAKE_TEMPERATURE):
        # The SDK has no keyword for what most models refuse.
        body["extra_body"] = {"temperature": float(request.temperature)}
    return body


def _content(request: ProviderRequest) -> list[dict[str, Any]]:
    return [
        _text(request.prompt) | {"cache_control": CACHED},
        _text(material(request)),
        _text(request.repair or ANSWER_NOW),
    ]


def _output_config(request: ProviderRequest, model: str) -> dict[str, Any]:
    form = {"type": "json_schema", "schema": reply_schema(request.purpose)}
    if model.startswith(KNOW_NO_EFFORT):
        return {"format": form}
    return {"format": form, "effort": EFFORT}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
