"""Bybit, and one account there."""

from datetime import datetime
from decimal import Decimal

from tests.exchanges_ccxt.stories.story import Json, Story, Told, Trade, named
from tests.exchanges_ccxt.venue_server import Says


class BybitStory(Story):
    venue = "bybit"
    canceling_path = "POST */v5/order/cancel"

    def open_the_market(self) -> None:
        market = {
            "symbol": "BTCUSDT",
            "baseCoin": "BTC",
            "quoteCoin": "USDT",
            "status": "Trading",
            "lotSizeFilter": {"basePrecision": "0.000001", "quotePrecision": "0.01"},
            "priceFilter": {"tickSize": "0.01"},
        }
        self._say("GET */v5/market/instruments-info", {"list": [market]})

    def _say(self, where: str, result: Json) -> None:
        self.server.say(where, {"retCode": 0, "retMsg": "OK", "result": result})

    def taken(self, order_id: str, client_id: str) -> Json:
        return {"retCode": 0, "result": {"orderId": order_id, "orderLinkId": client_id}}

    def refused(self, code: str) -> Json:
        return {"retCode": int(code), "retMsg": "Something.", "result": {}}

    def knows(self, *orders: Told) -> None:
        rows = [self._row(order) for order in orders]
        ended = [row for row in rows if row["orderStatus"] in self.terms.endings]
        working = [row for row in rows if row not in ended]
        self._say_rows("GET */v5/order/realtime", working)
        self._say_rows("GET */v5/order/history", ended)

    def _say_rows(self, where: str, rows: list[Json]) -> None:
        keys = {"orderId": "orderId", "orderLinkId": "orderLinkId"}
        self.server.say(
            where,
            lambda asked: Says(
                {"retCode": 0, "result": {"list": named(rows, asked, keys), "nextPageCursor": ""}}
            ),
        )

    def _row(self, order: Told) -> Json:
        return {
            "symbol": "BTCUSDT",
            "orderId": order.order_id,
            "orderLinkId": order.client_id,
            "orderStatus": order.ending or "New",
            "qty": order.quantity,
            "cumExecQty": order.filled,
            "price": order.price,
            "side": "Buy",
            "orderType": "Limit",
            "timeInForce": "GTC",
            "createdTime": str(self.milliseconds()),
            "updatedTime": str(self.milliseconds()),
        }

    def traded(self, *trades: Trade) -> None:
        rows = [
            {
                "symbol": "BTCUSDT",
                "execId": trade.trade_id,
                "orderId": trade.order_id,
                "orderLinkId": "",
                "execQty": trade.quantity,
                "execPrice": trade.price,
                "execFee": trade.fee,
                "feeCoin": "USDT",
                "execTime": str(self.milliseconds()),
                "side": "Buy",
                "isMaker": False,
            }
            for trade in trades
        ]
        self._say_rows("GET */v5/execution/list", rows)

    def holds(self, **balances: tuple[str, str]) -> None:
        coins = [
            {"coin": asset, "walletBalance": str(Decimal(free) + Decimal(locked))}
            for asset, (free, locked) in balances.items()
        ]
        account = {"accountType": "UNIFIED", "coin": coins}
        self._say("GET */v5/account/wallet-balance", {"list": [account]})

    def clock_shows(self, moment: datetime) -> None:
        told = int(moment.timestamp() * 1000)
        self.server.say("GET */v5/market/time", {"retCode": 0, "result": {}, "time": told})

    def cancels(self) -> None:
        self._say("POST */v5/order/cancel", {"orderId": "1001"})

    def key_may(self, *, withdraw: bool) -> None:
        wallet = ["AccountTransfer", *(["Withdraw"] if withdraw else [])]
        self._say("GET */v5/user/query-api", {"readOnly": 0, "permissions": {"Wallet": wallet}})

    def sent(self) -> tuple[str, str]:
        body = self.server.requests(self.placing_path)[-1].body
        return body["qty"], body["price"]
