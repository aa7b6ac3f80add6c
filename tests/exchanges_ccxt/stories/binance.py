"""Binance, and one account there."""

from datetime import datetime

from tests.exchanges_ccxt.stories.story import Json, Story, Told, Trade, named
from tests.exchanges_ccxt.venue_server import Asked, Says


class BinanceStory(Story):
    venue = "binance"
    canceling_path = "DELETE */api/v3/order"

    def open_the_market(self) -> None:
        filters = [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01",
                "maxPrice": "1000000",
                "tickSize": "0.01",
            },
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9", "stepSize": "0.00001"},
        ]
        market = {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
            "isSpotTradingAllowed": True,
            "permissions": ["SPOT"],
            "filters": filters,
        }
        self.server.say("GET */api/v3/exchangeInfo", {"symbols": [market]})
        self.holds()
        self.server.say("GET */api/v3/openOrders", [])

    def taken(self, order_id: str, client_id: str) -> Json:
        return {"orderId": int(order_id), "clientOrderId": client_id, "symbol": "BTCUSDT"}

    def refused(self, code: str) -> Json:
        number, _, message = code.partition(" ")
        return {"code": int(number), "msg": message or "Something."}

    def knows(self, *orders: Told) -> None:
        rows = [self._row(order) for order in orders]
        keys = {"orderId": "orderId", "origClientOrderId": "clientOrderId"}

        def answer(asked: Asked) -> Says:
            found = named(rows, asked, keys)
            return Says(found[0]) if found else Says(self.refused("-2013"), status=400)

        self.server.say("GET */api/v3/order", answer)
        working = [row for row in rows if row["status"] not in self.terms.endings]
        self.server.say("GET */api/v3/openOrders", working)

    def _row(self, order: Told) -> Json:
        return {
            "symbol": "BTCUSDT",
            "orderId": int(order.order_id),
            "clientOrderId": order.client_id,
            "price": order.price,
            "origQty": order.quantity,
            "executedQty": order.filled,
            "cummulativeQuoteQty": "0",
            "status": order.ending or "NEW",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "side": "BUY",
            "stopPrice": "0.0",
            "time": self.milliseconds(),
            "updateTime": self.milliseconds(),
        }

    def traded(self, *trades: Trade) -> None:
        rows = [
            {
                "symbol": "BTCUSDT",
                "id": int(trade.trade_id),
                "orderId": int(trade.order_id),
                "price": trade.price,
                "qty": trade.quantity,
                "commission": trade.fee,
                "commissionAsset": "USDT",
                "time": self.milliseconds(),
                "isBuyer": True,
                "isMaker": False,
            }
            for trade in trades
        ]
        self.server.say(
            "GET */api/v3/myTrades",
            lambda asked: Says(named(rows, asked, {"orderId": "orderId"})),
        )

    def holds(self, **balances: tuple[str, str]) -> None:
        rows = [
            {"asset": asset, "free": free, "locked": locked}
            for asset, (free, locked) in balances.items()
        ]
        self.server.say("GET */api/v3/account", {"balances": rows})

    def clock_shows(self, moment: datetime) -> None:
        self.server.say("GET */api/v3/time", {"serverTime": int(moment.timestamp() * 1000)})

    def cancels(self) -> None:
        self.server.say("DELETE */api/v3/order", self._row(Told("1001", "x", ending="CANCELED")))

    def key_may(self, *, withdraw: bool) -> None:
        self.server.say("GET */sapi/v1/account/apiRestrictions", {"enableWithdrawals": withdraw})

    def sent(self) -> tuple[str, str]:
        body = self.server.requests(self.placing_path)[-1].body
        return body["quantity"], body["price"]
