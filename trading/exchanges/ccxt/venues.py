"""The six venues, each as one value. Spot markets only.

There every sell reduces and none can sell more than is held: too large a one is refused, not cut
down to size, so that none of them claims reduce-only. Left out although a venue has it: stops of
Bybit and OKX (the triggered order is another one, with an id of its own), fill or kill of Kraken
and Coinbase (not reviewed), Hyperliquid's timer that cancels everything (ten times a day at most)
and Bybit's (it watches a socket that we do not have).
"""

from datetime import timedelta

from trading.domain.exchange import Capabilities, Delays
from trading.domain.states import OrderState, OrderType, TimeInForce
from trading.exchanges.ccxt import refusals
from trading.exchanges.ccxt.terms import Expiry, Naming, Refusals, Shape, VenueTerms

_FILLED, _CANCELED, _EXPIRED = OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED
_PLAIN_TYPES = frozenset({OrderType.MARKET, OrderType.LIMIT})
_ALL_TYPES = frozenset(OrderType)
_GTC, _IOC, _FOK, _DAY = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.DAY
_NEVER = Refusals(statuses=frozenset(), codes={})
_GONE = "There is nothing left to cancel."

_DELAYS = Delays(
    send_window=timedelta(seconds=5),
    clock_error=timedelta(seconds=1),
    query_lag=timedelta(seconds=10),
    between_queries=timedelta(seconds=2),
)
# Nothing ends a request there but its signature, which is good for two minutes.
_DELAYS_WITHOUT_EXPIRY = Delays(
    send_window=timedelta(seconds=5),
    clock_error=timedelta(seconds=1),
    query_lag=timedelta(seconds=130),
    between_queries=timedelta(seconds=2),
)


def _capabilities(
    types: frozenset[OrderType], *times: TimeInForce, dead_man: bool = False
) -> Capabilities:
    return Capabilities(
        order_types=types,
        times_in_force=frozenset(times),
        finds_by_client_id=True,
        dead_man=dead_man,
    )


def _gone(*codes: str, status: int = 200) -> Refusals:
    return Refusals(statuses=frozenset({status}), codes=dict.fromkeys(codes, _GONE))


_BINANCE_ORDER = ("orderId", "status", "origQty", "executedQty")
BINANCE = VenueTerms(
    ccxt_id="binance",
    title="Binance",
    capabilities=_capabilities(_ALL_TYPES, _GTC, _IOC, _FOK),
    delays=_DELAYS,
    expiry=Expiry.WINDOW_PARAMETER,
    naming=Naming.PLAIN,
    client_id_parameter="origClientOrderId",
    client_id_pattern=r"[A-Za-z0-9_-]{1,36}",
    order_path="/api/v3/order",
    refusals=refusals.BINANCE,
    rate_limits=refusals.BINANCE_SLOW,
    absent=_gone("-2013", status=400),
    too_late_to_cancel=_gone(
        "-2011 Unknown order sent.",
        "-2011 Order was canceled or expired with no executed qty over 90 days ago and has been"
        " archived.",
        "-2013",
        "-2026",
        status=400,
    ),
    shapes={
        "*/api/v3/order": Shape(dict, required=_BINANCE_ORDER),
        "*/api/v3/openOrders": Shape(list, required=_BINANCE_ORDER),
        "*/api/v3/myTrades": Shape(
            list, required=("id", "orderId", "price", "qty", "commission", "time")
        ),
        "*/api/v3/account": Shape(list, ("balances",), ("asset", "free", "locked")),
        "*/api/v3/time": Shape(dict, required=("serverTime",)),
        "*/api/v3/exchangeInfo": Shape(list, ("symbols",), ("symbol",)),
        "*/sapi/v1/account/apiRestrictions": Shape(dict, required=("enableWithdrawals",)),
    },
    endings={
        "FILLED": _FILLED,
        "CANCELED": _CANCELED,
        "REJECTED": _CANCELED,
        "EXPIRED": _EXPIRED,
        "EXPIRED_IN_MATCH": _EXPIRED,
    },
    state_key="status",
    rate=10,
    burst=20,
    action_rate=6,
    action_burst=30,
    actions=("POST */api/v3/order", "DELETE */api/v3/order"),
    has_sandbox=True,
    trade_window=timedelta(days=1),
    trades_need_symbol=True,
    page=1000,
    options={
        "fetchMarkets": {"types": ["spot"]},
        "fetchMargins": False,
        "fetchOpenOrders": {"warnWithoutSymbol": False},
        "recvWindow": 5000,
    },
)

_KRAKEN_ORDER = ("status", "vol", "vol_exec")
_KRAKEN_TRADE = ("ordertxid", "pair", "time", "price", "vol", "fee")
KRAKEN = VenueTerms(
    ccxt_id="kraken",
    title="Kraken",
    capabilities=_capabilities(_ALL_TYPES, _GTC, _IOC, _DAY, dead_man=True),
    delays=_DELAYS,
    expiry=Expiry.DEADLINE_PARAMETER,
    stops_only_rest=True,
    # It refuses a deadline that is less than two seconds away.
    shortest_expiry=timedelta(seconds=2),
    naming=Naming.UUID,
    client_id_parameter="clientOrderId",
    client_id_in_order="cl_ord_id",
    client_id_pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    order_path="/0/private/AddOrder",
    # Fees in the quote currency; a sell would pay them in base otherwise.
    order_parameters={"oflags": "fciq"},
    refusals=refusals.KRAKEN,
    rate_limits=refusals.KRAKEN_SLOW,
    absent=_gone("EOrder:Unknown order", "EOrder:Invalid order"),
    too_late_to_cancel=_gone("EOrder:Unknown order", "EOrder:Invalid order"),
    shapes={
        "*/OpenOrders": Shape(dict, ("result", "open"), _KRAKEN_ORDER, by_id=True),
        "*/ClosedOrders": Shape(dict, ("result", "closed"), _KRAKEN_ORDER, by_id=True),
        "*/QueryOrders": Shape(dict, ("result",), _KRAKEN_ORDER, by_id=True),
        "*/TradesHistory": Shape(dict, ("result", "trades"), _KRAKEN_TRADE, by_id=True),
        "*/QueryTrades": Shape(dict, ("result",), _KRAKEN_TRADE, by_id=True),
        "*/BalanceEx": Shape(dict, ("result",), ("balance",), by_id=True),
        "*/CancelOrder": Shape(dict, ("result",), ("count",)),
        "*/CancelAllOrdersAfter": Shape(dict, ("result",), ("triggerTime",)),
        "*/GetApiKeyInfo": Shape(dict, ("result",), ("permissions",)),
        "*/Time": Shape(dict, ("result",), ("unixtime",)),
        "*/AssetPairs": Shape(dict, ("result",), ("base", "quote"), by_id=True),
        "*/Assets": Shape(dict, ("result",), ("altname",), by_id=True),
    },
    endings={"closed": _FILLED, "canceled": _CANCELED, "expired": _EXPIRED},
    state_key="status",
    # The smallest tier counts up to 15 and forgets one in three seconds.
    rate=0.26,
    burst=12,
    action_rate=0.8,
    action_burst=40,
    actions=("POST */AddOrder", "POST */CancelOrder"),
    clock_step=timedelta(seconds=1),
    page=50,
    fetches_currencies=True,
)

COINBASE = VenueTerms(
    ccxt_id="coinbase",
    title="Coinbase",
    capabilities=_capabilities(_ALL_TYPES, _GTC, _IOC, _DAY),
    delays=_DELAYS_WITHOUT_EXPIRY,
    expiry=Expiry.NONE,
    stops_only_rest=True,
    naming=Naming.PLAIN,
    client_id_parameter="client_order_id",
    client_id_on_order="client_order_id",
    client_id_pattern=r"[A-Za-z0-9_-]{1,64}",
    order_path="/api/v3/brokerage/orders",
    refusals=refusals.COINBASE,
    rate_limits=refusals.COINBASE_SLOW,
    absent=_NEVER,
    too_late_to_cancel=_gone("UNKNOWN_CANCEL_ORDER", "DUPLICATE_CANCEL_REQUEST"),
    shapes={
        "*/orders/historical/batch": Shape(
            list, ("orders",), ("order_id", "status", "filled_size", "order_configuration")
        ),
        "*/orders/historical/fills": Shape(
            list, ("fills",), ("trade_id", "order_id", "price", "size", "commission", "trade_time")
        ),
        "*/orders/historical/*": Shape(dict, ("order",), ("order_id", "status", "filled_size")),
        "*/orders/batch_cancel": Shape(list, ("results",), ("success",)),
        "*/brokerage/accounts": Shape(list, ("accounts",), ("available_balance", "hold")),
        "*/brokerage/market/products": Shape(list, ("products",)),
        "*/brokerage/transaction_summary": Shape(dict),
        "*/brokerage/key_permissions": Shape(dict, required=("can_transfer",)),
        "*/brokerage/time": Shape(dict, required=("epochMillis",)),
    },
    endings={
        "FILLED": _FILLED,
        "CANCELLED": _CANCELED,
        "FAILED": _CANCELED,
        "EXPIRED": _EXPIRED,
    },
    state_key="status",
    rate=8,
    burst=10,
    action_rate=8,
    action_burst=20,
    actions=("POST */brokerage/orders", "POST */orders/batch_cancel"),
    page=100,
    options={
        "fetchBalance": "v3PrivateGetBrokerageAccounts",
        # The words for kinds of accounts, in both spellings: others would be left out in silence.
        "v3Accounts": ["ACCOUNT_TYPE_CRYPTO", "ACCOUNT_TYPE_FIAT", "CRYPTO", "FIAT"],
    },
)

_BYBIT_ORDER = ("orderId", "orderStatus", "qty", "cumExecQty")
BYBIT = VenueTerms(
    ccxt_id="bybit",
    title="Bybit",
    capabilities=_capabilities(_PLAIN_TYPES, _GTC, _IOC, _FOK),
    delays=_DELAYS,
    expiry=Expiry.WINDOW_HEADER,
    naming=Naming.PLAIN,
    client_id_parameter="orderLinkId",
    client_id_in_trade="orderLinkId",
    client_id_pattern=r"[A-Za-z0-9_-]{1,36}",
    order_path="/v5/order/create",
    refusals=refusals.BYBIT,
    rate_limits=refusals.BYBIT_SLOW,
    absent=_NEVER,
    too_late_to_cancel=_gone(
        "110001", "110008", "110010", "170139", "170142", "170143", "170190", "170213"
    ),
    shapes={
        "*/v5/order/realtime": Shape(list, ("result", "list"), _BYBIT_ORDER),
        "*/v5/order/history": Shape(list, ("result", "list"), _BYBIT_ORDER),
        "*/v5/execution/list": Shape(
            list,
            ("result", "list"),
            ("execId", "orderId", "execQty", "execPrice", "execFee", "execTime"),
        ),
        "*/v5/order/cancel": Shape(dict, ("result",), ("orderId",)),
        "*/v5/account/wallet-balance": Shape(list, ("result", "list"), ("coin",)),
        "*/v5/market/instruments-info": Shape(list, ("result", "list"), ("symbol",)),
        "*/v5/market/time": Shape(dict, required=("time",)),
        "*/v5/user/query-api": Shape(dict, ("result",), ("permissions",)),
    },
    endings={
        "Filled": _FILLED,
        "Cancelled": _CANCELED,
        "PartiallyFilledCanceled": _CANCELED,
        "Rejected": _CANCELED,
        "Deactivated": _CANCELED,
    },
    state_key="orderStatus",
    rate=8,
    burst=8,
    action_rate=8,
    action_burst=8,
    actions=("POST */v5/order/create", "POST */v5/order/cancel"),
    has_sandbox=True,
    trade_window=timedelta(days=7),
    page=50,
    options={
        "fetchMarkets": {"types": ["spot"]},
        "defaultType": "spot",
        # Every account is a unified one today; told here, ccxt does not ask before each order.
        "enableUnifiedMargin": False,
        "enableUnifiedAccount": True,
        "unifiedMarginStatus": 6,
        "recvWindow": 5000,
    },
)

_OKX_ORDER = ("ordId", "state", "sz", "accFillSz")
OKX = VenueTerms(
    ccxt_id="okx",
    title="OKX",
    capabilities=_capabilities(_PLAIN_TYPES, _GTC, _IOC, _FOK, dead_man=True),
    delays=_DELAYS,
    expiry=Expiry.DEADLINE_HEADER,
    naming=Naming.PLAIN,
    client_id_parameter="clOrdId",
    client_id_in_trade="clOrdId",
    client_id_pattern=r"[A-Za-z0-9]{1,32}",
    order_path="/api/v5/trade/order",
    refusals=refusals.OKX,
    rate_limits=refusals.OKX_SLOW,
    absent=_gone("51603"),
    too_late_to_cancel=_gone("51400", "51401", "51402", "51410"),
    shapes={
        "*/trade/order": Shape(list, ("data",), _OKX_ORDER),
        "*/trade/orders-pending": Shape(list, ("data",), _OKX_ORDER),
        "*/trade/fills-history": Shape(
            list, ("data",), ("tradeId", "ordId", "fillSz", "fillPx", "fee", "feeCcy", "ts")
        ),
        "*/trade/cancel-order": Shape(list, ("data",), ("ordId", "sCode")),
        "*/trade/cancel-all-after": Shape(list, ("data",), ("triggerTime",)),
        "*/account/balance": Shape(list, ("data",), ("details",)),
        "*/account/config": Shape(list, ("data",), ("perm",)),
        "*/public/instruments": Shape(list, ("data",), ("instId",)),
        "*/public/time": Shape(list, ("data",), ("ts",)),
    },
    endings={"filled": _FILLED, "canceled": _CANCELED, "mmp_canceled": _CANCELED},
    state_key="state",
    rate=4,
    burst=8,
    action_rate=16,
    action_burst=20,
    actions=("POST */trade/order", "POST */trade/cancel-order"),
    has_sandbox=True,
    page=100,
    needs_password=True,
    options={
        "fetchMarkets": {"types": ["spot"]},
        "defaultType": "spot",
        # One order, one answer: ccxt would send a batch of one.
        "createOrder": "privatePostTradeOrder",
    },
)

HYPERLIQUID = VenueTerms(
    ccxt_id="hyperliquid",
    title="Hyperliquid",
    capabilities=_capabilities(_PLAIN_TYPES, _GTC, _IOC),
    delays=_DELAYS,
    expiry=Expiry.SIGNED,
    naming=Naming.HEX,
    client_id_parameter="clientOrderId",
    client_id_in_trade="cloid",
    client_id_pattern=r"0x[0-9a-f]{32}",
    order_path="/exchange/order",
    refusals=refusals.HYPERLIQUID,
    rate_limits=refusals.HYPERLIQUID_SLOW,
    absent=_gone("unknownOid"),
    too_late_to_cancel=Refusals(
        statuses=frozenset({200}),
        codes={},
        beginnings={"Order was never placed, already canceled, or filled": _GONE},
    ),
    shapes={
        "*/info/orderStatus": Shape(dict, ("order",), ("order", "status")),
        "*/info/frontendOpenOrders": Shape(
            list, required=("coin", "oid", "side", "limitPx", "sz", "origSz")
        ),
        "*/info/userFills*": Shape(
            list, required=("coin", "oid", "tid", "px", "sz", "fee", "side", "time")
        ),
        "*/info/spotClearinghouseState": Shape(list, ("balances",), ("coin", "total")),
        "*/info/spotMetaAndAssetCtxs": Shape(list),
        "*/info/exchangeStatus": Shape(dict, required=("time",)),
        "*/exchange/cancel*": Shape(dict, ("response",)),
    },
    endings={
        "filled": _FILLED,
        "canceled": _CANCELED,
        "rejected": _CANCELED,
        "scheduledCancel": _CANCELED,
        "selfTradeCanceled": _CANCELED,
        "delistedCanceled": _CANCELED,
        "tickRejected": _CANCELED,
        "minTradeNtlRejected": _CANCELED,
        "minTradeSpotNtlRejected": _CANCELED,
        "badAloPxRejected": _CANCELED,
        "iocCancelRejected": _CANCELED,
        "marketOrderNoLiquidityRejected": _CANCELED,
        "insufficientSpotBalanceRejected": _CANCELED,
        "oracleRejected": _CANCELED,
    },
    state_key="status",
    rate=4,
    burst=10,
    action_rate=8,
    action_burst=20,
    actions=("POST */exchange/order", "POST */exchange/cancel*"),
    topic_key="type",
    has_sandbox=True,
    page=2000,
    needs_wallet=True,
    options={
        "fetchMarkets": {"types": ["spot"]},
        "defaultType": "spot",
        "enableUnifiedMargin": False,
    },
)

VENUES = {terms.ccxt_id: terms for terms in (BINANCE, KRAKEN, COINBASE, BYBIT, OKX, HYPERLIQUID)}
