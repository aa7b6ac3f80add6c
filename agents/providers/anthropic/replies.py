"""A message of the Messages API as a reply with its cost."""

from decimal import Decimal

from anthropic.types import Message, Usage

from agents.domain.asking import ProviderRequest, Reply
from agents.providers.prices import NoPrice, Tokens, dollars

SERVICE = "anthropic"


def reply_of(message: Message, *, request: ProviderRequest, asked: str, most: Decimal) -> Reply:
    """The reply in `message`.

    Priced as the model that answered, else as the one `asked` for, else as the `most` that was
    set aside, which is then said to be a bound.
    """
    tokens = _tokens(message.usage)
    price = _price((message.model, asked), tokens)
    return Reply(
        text="".join(
            block.text for block in message.content if block.type == "text" and block.text
        ),
        input_tokens=tokens.read,
        output_tokens=tokens.written,
        dollars=most if price is None else price,
        model=message.model,
        cache_read_tokens=tokens.from_cache,
        cache_write_tokens=tokens.to_cache,
        dollars_known=price is not None,
        problem=_problem(message, request),
    )


def _tokens(usage: Usage) -> Tokens:
    """The service counts what met its cache apart from the rest of the input."""
    from_cache = usage.cache_read_input_tokens or 0
    to_cache = usage.cache_creation_input_tokens or 0
    return Tokens(
        read=usage.input_tokens + from_cache + to_cache,
        written=usage.output_tokens,
        from_cache=from_cache,
        to_cache=to_cache,
    )


def _price(models: tuple[str, ...], tokens: Tokens) -> Decimal | None:
    for model in models:
        try:
            return dollars(service=SERVICE, model=model, tokens=tokens)
        except NoPrice:
            continue
    return None


def _problem(message: Message, request: ProviderRequest) -> str:
    match message.stop_reason:
        case "max_tokens":
            return (
                f"{message.model} was cut off at {request.max_tokens} tokens, thinking included;"
                " raise the agent's maximum of tokens."
            )
        case "model_context_window_exceeded":
            return f"The context is too long for {message.model}."
        case "refusal":
            return f"{message.model} declined to answer."
    return ""
