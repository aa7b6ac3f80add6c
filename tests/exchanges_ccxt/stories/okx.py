"""OKX, and one account there."""

from datetime import datetime
from decimal import Decimal

from tests.exchanges_ccxt.stories.story import Json, Story, Told, Trade, named
from tests.exchanges_ccxt.venue_server import Asked, Says


class OkxStory(Story):
    venue = "okx"
    key = {"key": "the-key", "secret": "the-secret", "password": "the-password"}
    canceling_path = "POST */trade/cancel-order"

    def open_the_market(self) -> None:
        market = {
            "instId": "BTC-USDT",
            "instType": "SPOT",
            "baseCcy": "BTC",
            "quoteCcy": "USDT",
            "lotSz": "0.00000001",
            "minSz": "0.00001",
            "tickSz": "0.1",
            "state": "live",
        }
        self._say("GET */public/instruments", [market])

    def _say(self, where: str, data: Json) -> None:
        self.server.say(where, {"code": "0", "msg": "", "data": data})

    def taken(self, order_id: str, client_id: str) -> Json:
        row = {"ordId": order_id, "clOrdId": client_id, "sCode": "0", "sMsg": ""}
        return {"code": "0", "msg": "", "data": [row]}

    def refused(self, code: str) -> Json:
        if code.startswith("50"):
            return {"code": code, "msg": "Something.", "data": []}
        return {"code": "1", "msg": "", "data": [{"sCode": code, "sMsg": "Something."}]}

    def knows(self, *orders: Told) -> None:
        rows = [self._row(order) for order in orders]
        keys = {"ordId": "ordId", "clOrdId": "clOrdId"}

        def answer(asked: Asked) -> Says:
            found = named(rows, asked, keys)
            return Says({"code": "0", "data": found} if found else self.refused("51603"))

        self.server.say("GET */trade/order", answer)
        working = [row for row in rows if row["state"] not in self.terms.endings]
        self._say("GET */trade/orders-pending", working)

    def _row(self, order: Told) -> Json:
        return {
            "instId": "BTC-USDT",
            "instType": "SPOT",
            "ordId": order.order_id,
            "clOrdId": order.client_id,
            "state": order.ending or "live",
            "sz": order.quantity,
            "accFillSz": order.filled,
            "px": order.price,
            "ordType": "limit",
            "side": "buy",
            "cTime": str(self.milliseconds()),
            "uTime": str(self.milliseconds()),
        }

    def traded(self, *trades: Trade) -> None:
        rows = [
            {
                "instId": "BTC-USDT",
                "instType": "SPOT",
                "tradeId": trade.trade_id,
                "billId": f"b{trade.trade_id}",
                "ordId": trade.order_id,
                "clOrdId": "",
                "fillPx": trade.price,
                "fillSz": trade.quantity,
                "fee": f"-{trade.fee}",
                "feeCcy": "USDT",
                "side": "buy",
                "execType": "T",
                "ts": str(self.milliseconds()),
            }
            for trade in trades
        ]
        self.server.say(
            "GET */trade/fills-history",
            lambda asked: Says({"code": "0", "data": named(rows, asked, {"ordId": "ordId"})}),
        )

    def holds(self, **balances: tuple[str, str]) -> None:
        details = [
            {
                "ccy": asset,
                "eq": str(Decimal(free) + Decimal(locked)),
                "availBal": free,
                "frozenBal": locked,
            }
            for asset, (free, locked) in balances.items()
        ]
        self._say("GET */account/balance", [{"details": details}])

    def clock_shows(self, moment: datetime) -> None:
        self._say("GET */public/time", [{"ts": str(int(moment.timestamp() * 1000))}])

    def cancels(self) -> None:
        self._say("POST */trade/cancel-order", [{"ordId": "1001", "sCode": "0", "sMsg": ""}])

    def key_may(self, *, withdraw: bool) -> None:
        perm = "read_only,trade,withdraw" if withdraw else "read_only,trade"
        self._say("GET */account/config", [{"perm": perm}])

    def sent(self) -> tuple[str, str]:
        body = self.server.requests(self.placing_path)[-1].body
        return body["sz"], body["px"]
