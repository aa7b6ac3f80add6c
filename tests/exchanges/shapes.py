"""Binance's answers: every amount a string with eight decimals, every time in milliseconds."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests.exchanges.accounts import Account, Snapshot
from tests.exchanges.books import Level
from tests.exchanges.limits import Limits
from tests.exchanges.state import Market
from tests.exchanges.symbols import LARGEST_PRICE, Symbol
from tests.exchanges.terms import SMALLEST, ZERO, Order, Trade

Shape = dict[str, Any]

ORDER_TYPES = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]


def text(amount: Decimal | None) -> str:
    return format((amount or ZERO).quantize(SMALLEST), "f")


def order_shape(order: Order) -> Shape:
    """As queries answer."""
    return {
        **_terms_shape(order),
        "icebergQty": text(ZERO),
        "stopPrice": text(order.terms.stop_price),
        "time": order.placed_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.is_working,
        "workingTime": order.placed_ms if order.is_working else -1,
    }


def placed_shape(order: Order, trades: Iterable[Trade], *, form: str) -> Shape:
    """As `POST order` answers, in the form ACK, RESULT or FULL."""
    if form == "ACK":
        names = ("symbol", "orderId", "orderListId", "clientOrderId")
        shape = {name: _terms_shape(order)[name] for name in names}
        return {**shape, "transactTime": order.updated_ms}
    shape = {
        **_terms_shape(order),
        "transactTime": order.updated_ms,
        "workingTime": order.placed_ms if order.is_working else -1,
    }
    if order.terms.stop_price is not None:
        shape["stopPrice"] = text(order.terms.stop_price)
    if form == "FULL":
        shape["fills"] = [_fill_shape(trade) for trade in trades]
    return shape


def canceled_shape(order: Order, *, cancel_id: str) -> Shape:
    """As `DELETE order` answers; its clientOrderId names the cancel, not the order."""
    return {
        **_terms_shape(order),
        "origClientOrderId": order.terms.client_order_id,
        "clientOrderId": cancel_id,
        "transactTime": order.updated_ms,
    }


def _terms_shape(order: Order) -> Shape:
    terms = order.terms
    return {
        "symbol": terms.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": terms.client_order_id,
        "price": text(terms.price),
        "origQty": text(terms.quantity),
        "executedQty": text(order.filled),
        "origQuoteOrderQty": text(terms.quote_quantity),
        "cummulativeQuoteQty": text(order.cost),
        "status": order.status.value,
        "timeInForce": terms.time_in_force,
        "type": terms.type,
        "side": terms.side,
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def _fill_shape(trade: Trade) -> Shape:
    return {
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "tradeId": trade.id,
    }


def trade_shape(trade: Trade) -> Shape:
    return {
        "symbol": trade.order.terms.symbol,
        "id": trade.id,
        "orderId": trade.order.id,
        "orderListId": -1,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.price * trade.quantity),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ms,
        "isBuyer": trade.order.terms.side == "BUY",
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def account_shape(account: Account, balances: Snapshot, *, now_ms: int) -> Shape:
    points = {"maker": account.maker * 10_000, "taker": account.taker * 10_000}
    return {
        "makerCommission": int(points["maker"]),
        "takerCommission": int(points["taker"]),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": text(account.maker),
            "taker": text(account.taker),
            "buyer": text(ZERO),
            "seller": text(ZERO),
        },
        "canTrade": account.can_trade,
        "canWithdraw": account.can_withdraw,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": now_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": text(free), "locked": text(locked)}
            for asset, (free, locked) in balances.items()
        ],
        "permissions": ["SPOT"],
    }


def restrictions_shape(account: Account, *, now_ms: int) -> Shape:
    """What the key may do, as the wallet's `account/apiRestrictions` answers."""
    return {
        "ipRestrict": False,
        "createTime": now_ms,
        "enableReading": True,
        "enableSpotAndMarginTrading": account.can_trade,
        "enableWithdrawals": account.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        "permitsUniversalTransfer": False,
    }


def symbol_shape(symbol: Symbol) -> Shape:
    return {
        "symbol": symbol.name,
        "status": "TRADING",
        "baseAsset": symbol.base,
        "baseAssetPrecision": 8,
        "quoteAsset": symbol.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filter_shapes(symbol),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
    }


def _filter_shapes(symbol: Symbol) -> list[Shape]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": text(symbol.tick),
            "maxPrice": text(LARGEST_PRICE),
            "tickSize": text(symbol.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": text(symbol.lot),
            "maxQty": text(symbol.largest),
            "stepSize": text(symbol.lot),
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": text(symbol.min_notional),
            "applyMinToMarket": True,
            "maxNotional": text(LARGEST_PRICE * 9),
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
    ]


def exchange_shape(symbols: Iterable[Symbol], *, limits: Limits, now_ms: int) -> Shape:
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": limits.shapes(),
        "exchangeFilters": [],
        "symbols": [symbol_shape(symbol) for symbol in symbols],
    }


def ticker_shape(market: Market, *, factor: Decimal) -> Shape:
    """Best bid and ask. `factor` falsifies prices; it is one unless a fault says otherwise."""
    nothing = Level(ZERO, ZERO)
    bid = next(iter(market.book.bids), nothing)
    ask = next(iter(market.book.asks), nothing)
    return {
        "symbol": market.symbol.name,
        "bidPrice": text(bid.price * factor),
        "bidQty": text(bid.quantity),
        "askPrice": text(ask.price * factor),
        "askQty": text(ask.quantity),
    }


def day_shape(market: Market, *, factor: Decimal, now_ms: int) -> Shape:
    """The day's statistics; nothing is remembered, so the last price stands for all of them."""
    last = text(market.book.last * factor)
    names = (
        "weightedAvgPrice",
        "prevClosePrice",
        "lastPrice",
        "openPrice",
        "highPrice",
        "lowPrice",
    )
    return {
        **ticker_shape(market, factor=factor),
        **dict.fromkeys(names, last),
        "priceChange": text(ZERO),
        "priceChangePercent": "0.000",
        "lastQty": text(market.symbol.lot),
        "volume": text(Decimal(1000)),
        "quoteVolume": text(market.book.last * 1000),
        "openTime": now_ms - 86_400_000,
        "closeTime": now_ms,
        "firstId": 1,
        "lastId": 1000,
        "count": 1000,
    }


def depth_shape(market: Market, *, factor: Decimal, limit: int, now_ms: int) -> Shape:
    def side(levels: tuple[Level, ...]) -> list[list[str]]:
        return [[text(level.price * factor), text(level.quantity)] for level in levels[:limit]]

    return {
        "lastUpdateId": now_ms,
        "bids": side(market.book.bids),
        "asks": side(market.book.asks),
    }
