"""Kraken, and one account there."""

from datetime import datetime
from decimal import Decimal

from tests.exchanges_ccxt.stories.story import Json, Story, Told, Trade
from tests.exchanges_ccxt.venue_server import Asked, Says


class KrakenStory(Story):
    venue = "kraken"
    order_ids = ("OUF4EM-FRGI2-MQMWZD", "OB5VMB-B4U2U-DK2WRW")
    key = {"key": "the-key", "secret": "dGhlLXNlY3JldA=="}
    canceling_path = "POST */CancelOrder"

    def open_the_market(self) -> None:
        assets = {
            "XXBT": {"altname": "XBT", "decimals": 10, "status": "enabled"},
            "USDT": {"altname": "USDT", "decimals": 8, "status": "enabled"},
        }
        pair = {
            "altname": "XBTUSDT",
            "wsname": "XBT/USDT",
            "base": "XXBT",
            "quote": "USDT",
            "pair_decimals": 1,
            "lot_decimals": 8,
            "cost_decimals": 5,
            "lot_multiplier": 1,
            "leverage_buy": [],
            "leverage_sell": [],
            "fees": [[0, 0.4]],
            "fees_maker": [[0, 0.25]],
            "ordermin": "0.00005",
            "costmin": "0.5",
            "tick_size": "0.1",
            "status": "online",
        }
        self._say("GET */Assets", assets)
        self._say("GET */AssetPairs", {"XBTUSDT": pair})

    def _say(self, where: str, result: Json) -> None:
        self.server.say(where, {"error": [], "result": result})

    def taken(self, order_id: str, client_id: str) -> Json:
        return {"error": [], "result": {"descr": {"order": "buy"}, "txid": [order_id]}}

    def refused(self, code: str) -> Json:
        return {"error": [code]}

    def knows(self, *orders: Told) -> None:
        rows = {order.order_id: self._row(order) for order in orders}
        ended = {k: row for k, row in rows.items() if row["status"] in self.terms.endings}
        self._say("POST */OpenOrders", {"open": {k: rows[k] for k in rows if k not in ended}})

        def closed(asked: Asked) -> Says:
            name = asked.body.get("cl_ord_id")
            found = {k: row for k, row in ended.items() if row["cl_ord_id"] == name}
            return Says({"error": [], "result": {"closed": found, "count": len(found)}})

        def by_id(asked: Asked) -> Says:
            wanted = asked.body["txid"].split(",")
            if not set(wanted) <= set(rows):
                return Says(self.refused("EOrder:Unknown order"))
            return Says({"error": [], "result": {name: rows[name] for name in wanted}})

        self.server.say("POST */ClosedOrders", closed)
        self.server.say("POST */QueryOrders", by_id)

    def _row(self, order: Told) -> Json:
        return {
            "cl_ord_id": order.client_id or None,
            "userref": 0,
            "status": order.ending or "open",
            "opentm": self.milliseconds() / 1000,
            "descr": {
                "pair": "XBTUSDT",
                "type": "buy",
                "ordertype": "limit",
                "price": order.price,
                "price2": "0",
            },
            "vol": order.quantity,
            "vol_exec": order.filled,
            "price": "0.0",
            "trades": ["T-1", "T-2"] if Decimal(order.filled) else [],
        }

    def traded(self, *trades: Trade) -> None:
        rows = {
            trade.trade_id: {
                "ordertxid": trade.order_id,
                "pair": "XBTUSDT",
                "time": self.milliseconds() / 1000,
                "type": "buy",
                "ordertype": "limit",
                "price": trade.price,
                "vol": trade.quantity,
                "fee": trade.fee,
                "maker": False,
            }
            for trade in trades
        }

        def by_id(asked: Asked) -> Says:
            wanted = [name for name in asked.body["txid"].split(",") if name in rows]
            return Says({"error": [], "result": {name: rows[name] for name in wanted}})

        self.server.say("POST */QueryTrades", by_id)
        self._say("POST */TradesHistory", {"trades": rows, "count": len(rows)})

    def holds(self, **balances: tuple[str, str]) -> None:
        names = {"BTC": "XXBT"}
        rows = {
            names.get(asset, asset): {"balance": str(Decimal(free) + Decimal(locked))}
            for asset, (free, locked) in balances.items()
        }
        self._say("POST */BalanceEx", rows)

    def clock_shows(self, moment: datetime) -> None:
        self._say("GET */Time", {"unixtime": int(moment.timestamp())})

    def cancels(self) -> None:
        self._say("POST */CancelOrder", {"count": 1})

    def key_may(self, *, withdraw: bool) -> None:
        permissions = ["query-funds", *(["withdraw-funds"] if withdraw else [])]
        self._say("POST */GetApiKeyInfo", {"permissions": permissions})

    def sent(self) -> tuple[str, str]:
        body = self.server.requests(self.placing_path)[-1].body
        return body["volume"], body["price"]
