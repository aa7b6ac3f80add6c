"""Hyperliquid, and one account there."""

from datetime import datetime
from decimal import Decimal

from tests.exchanges_ccxt.stories.story import Json, Story, Told, Trade
from tests.exchanges_ccxt.venue_server import Asked, Says

# The address that belongs to the private key of thirty-two times 0x11.
OWNER = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"


class HyperliquidStory(Story):
    venue = "hyperliquid"
    currency = "USDC"
    key = {"key": "", "secret": "0x" + "11" * 32, "wallet": "0x" + "22" * 20}
    canceling_path = "POST /exchange/cancel*"

    def open_the_market(self) -> None:
        tokens = [
            {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0},
            {"name": "UBTC", "szDecimals": 5, "weiDecimals": 10, "index": 1},
        ]
        pair = {"name": "@0", "tokens": [1, 0], "index": 0, "isCanonical": False}
        context = {"midPx": "60000.0", "markPx": "60000.0", "prevDayPx": "59000.0"}
        self.server.say(
            "POST */info/spotMetaAndAssetCtxs",
            [{"universe": [pair], "tokens": tokens}, [context]],
        )

    def _status(self, status: Json) -> Json:
        return {"status": "ok", "response": {"type": "order", "data": {"statuses": [status]}}}

    def taken(self, order_id: str, client_id: str) -> Json:
        return self._status({"resting": {"oid": int(order_id), "cloid": client_id}})

    def refused(self, code: str) -> Json:
        if code == "unknownOid":
            return {"status": code}
        return self._status({"error": code})

    def knows(self, *orders: Told) -> None:
        def answer(asked: Asked) -> Says:
            for order in orders:
                if str(asked.body["oid"]) in (order.order_id, order.client_id):
                    told = {"order": self._row(order), "status": order.ending or "open"}
                    return Says({"status": "order", "order": told})
            return Says(self.refused("unknownOid"))

        self.server.say("POST */info/orderStatus", answer)
        working = [self._row(order) for order in orders if not order.ending]
        self.server.say("POST */info/frontendOpenOrders", working)

    def _row(self, order: Told) -> Json:
        left = Decimal(order.quantity) - Decimal(order.filled)
        return {
            "coin": "@0",
            "oid": int(order.order_id),
            "cloid": order.client_id or None,
            "side": "B",
            "limitPx": order.price,
            "sz": str(left),
            "origSz": order.quantity,
            "orderType": "Limit",
            "timestamp": self.milliseconds(),
        }

    def traded(self, *trades: Trade) -> None:
        rows = [
            {
                "coin": "@0",
                "oid": int(trade.order_id),
                "tid": int(trade.trade_id),
                "px": trade.price,
                "sz": trade.quantity,
                "fee": trade.fee,
                "feeToken": "USDC",
                "side": "B",
                "crossed": True,
                "time": self.milliseconds(),
            }
            for trade in trades
        ]
        self.server.say("POST */info/userFills*", rows)

    def holds(self, **balances: tuple[str, str]) -> None:
        names = {"BTC": "UBTC"}
        rows = [
            {
                "coin": names.get(asset, asset),
                "total": str(Decimal(free) + Decimal(locked)),
                "hold": locked,
            }
            for asset, (free, locked) in balances.items()
        ]
        self.server.say("POST */info/spotClearinghouseState", {"balances": rows})

    def clock_shows(self, moment: datetime) -> None:
        told = int(moment.timestamp() * 1000)
        self.server.say("POST */info/exchangeStatus", {"time": told, "specialStatuses": None})

    def cancels(self) -> None:
        self.server.say("POST */exchange/cancel*", self._status("success"))

    def key_may(self, *, withdraw: bool) -> None:
        self.key = self.key | {"wallet": OWNER if withdraw else "0x" + "22" * 20}

    def sent(self) -> tuple[str, str]:
        (order,) = self.server.requests(self.placing_path)[-1].body["action"]["orders"]
        return order["s"], order["p"]
