"""Coinbase, and one account there."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.exchanges_ccxt.stories.story import Json, Story, Told, Trade


def _elliptic_key() -> str:
    """A key of the kind that Coinbase hands out, of no account."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode()


class CoinbaseStory(Story):
    venue = "coinbase"
    currency = "USD"
    key = {"key": "organizations/1/apiKeys/2", "secret": _elliptic_key()}
    canceling_path = "POST */orders/batch_cancel"

    def open_the_market(self) -> None:
        product = {
            "product_id": "BTC-USD",
            "product_type": "SPOT",
            "base_currency_id": "BTC",
            "quote_currency_id": "USD",
            "base_increment": "0.00000001",
            "quote_increment": "0.01",
            "price_increment": "0.01",
            "base_min_size": "0.00000001",
            "base_max_size": "3400",
            "quote_min_size": "1",
            "quote_max_size": "150000000",
            "trading_disabled": False,
        }
        self.server.say("GET */brokerage/market/products", {"products": [product]})
        self.server.say("GET */brokerage/transaction_summary", {"fee_tier": {}})

    def taken(self, order_id: str, client_id: str) -> Json:
        told = {"order_id": order_id, "client_order_id": client_id, "product_id": "BTC-USD"}
        return {"success": True, "success_response": told}

    def refused(self, code: str) -> Json:
        if code.islower():
            return {"error": code, "message": "Something."}
        name = "preview_failure_reason" if code.startswith("PREVIEW") else "error"
        errors = {"error": "UNKNOWN_FAILURE_REASON", "message": "Something."}
        return {"success": False, "error_response": errors | {name: code}}

    def knows(self, *orders: Told) -> None:
        rows = [self._row(order) for order in orders]
        self.server.say("GET */orders/historical/batch", {"orders": rows, "cursor": ""})
        for row in rows:
            self.server.say(f"GET */orders/historical/{row['order_id']}", {"order": row})

    def _row(self, order: Told) -> Json:
        limit = {"base_size": order.quantity, "limit_price": order.price, "post_only": False}
        return {
            "order_id": order.order_id,
            "client_order_id": order.client_id,
            "product_id": "BTC-USD",
            "side": "BUY",
            "status": order.ending or "OPEN",
            "time_in_force": "GOOD_UNTIL_CANCELLED",
            "order_type": "LIMIT",
            "order_configuration": {"limit_limit_gtc": limit},
            "created_time": _iso(self.now),
            "filled_size": order.filled,
            "average_filled_price": "0",
            "total_fees": "0",
        }

    def traded(self, *trades: Trade) -> None:
        rows = [
            {
                "trade_id": trade.trade_id,
                "order_id": trade.order_id,
                "trade_time": _iso(self.now),
                "price": trade.price,
                "size": trade.quantity,
                "commission": trade.fee,
                "product_id": "BTC-USD",
                "side": "BUY",
                "liquidity_indicator": "TAKER",
            }
            for trade in trades
        ]
        self.server.say("GET */orders/historical/fills", {"fills": rows, "cursor": ""})

    def holds(self, **balances: tuple[str, str]) -> None:
        rows = [
            {
                "currency": asset,
                "type": "FIAT" if asset == "USD" else "ACCOUNT_TYPE_CRYPTO",
                "available_balance": {"value": free, "currency": asset},
                "hold": {"value": locked, "currency": asset},
            }
            for asset, (free, locked) in balances.items()
        ]
        self.server.say("GET */brokerage/accounts", {"accounts": rows, "has_next": False})

    def clock_shows(self, moment: datetime) -> None:
        told = int(moment.timestamp() * 1000)
        self.server.say(
            "GET */brokerage/time", {"epochSeconds": str(told // 1000), "epochMillis": str(told)}
        )

    def cancels(self) -> None:
        self.server.say(
            "POST */orders/batch_cancel", {"results": [{"success": True, "order_id": "1001"}]}
        )

    def key_may(self, *, withdraw: bool) -> None:
        self.server.say("GET */brokerage/key_permissions", {"can_transfer": withdraw})

    def sent(self) -> tuple[str, str]:
        body = self.server.requests(self.placing_path)[-1].body
        (terms,) = body["order_configuration"].values()
        return terms["base_size"], terms["limit_price"]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
