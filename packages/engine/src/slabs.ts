//! Where each field of the engine's records stands: words (W) and doubles (D) from the start of the record.
// Flat constants, not objects: they fold into addresses, and a snapshot is a copy of the slabs.

export const NONE = -1

// Totals: one record of doubles.
export const SEQ = 0
export const TIME_MS = 1
export const OPENED = 2
export const CHAIN_ID = 3
export const LAG_S = 4
export const PUBLISHERS = 5
export const QUORUM = 6
export const ACCOUNTS = 7
export const LAST_DEPOSIT = 8
export const DEPOSITS = 9
export const PAID = 10
export const PENDING = 11
export const FEES = 12
export const TRADES = 13
export const PRIORITIES = 14
export const CLOSES = 15
export const WITHDRAWALS_PAUSED = 16
export const LAST_BATCH = 17
export const BATCH_TO_SEQ = 18
export const SWEPT_S = 19
export const TOTALS = 20

// Order: 32 words. The first 64 bytes are all a match touches.
export const ORDER_D = 16
export const ORDER_W = 32
export const D_REMAINING = 0
export const D_SIZE = 1
export const D_PRIORITY = 2
export const W_PRICE = 6
export const W_MARKET = 7
export const W_ACCOUNT = 8
export const W_SIDE = 9
export const W_FLAGS = 10
export const W_NEXT = 11
export const W_PREV = 12
export const W_PAGE = 13
export const W_POSITION = 14
export const W_GENERATION = 15
export const W_LIVE = 16
export const W_OWN_NEXT = 17
export const W_OWN_PREV = 18
export const W_DIRTY = 19
export const W_EXPIRY = 21
export const W_LANE = 22
export const W_LANE_SEQ = 23
export const W_MAX_FEE = 24
export const W_CLIENT_ID = 25
export const W_FREE_PLACE = 26
/** Order id = generation × 2^20 + slot. */
export const SLOT_RANGE = 1_048_576

// Account: 16 words.
export const ACCOUNT_D = 8
export const ACCOUNT_W = 16
export const D_CASH = 0
export const W_OWNER = 2
export const W_SUBACCOUNT = 3
export const W_FIRST_POSITION = 4
export const W_OPEN_ORDERS = 5
export const W_CLOSED_IDS = 6
export const W_CLOSED_HEAD = 7
export const W_CLOSED_TAIL = 8
export const W_ACCOUNT_DIRTY = 9

// Position (account, market): 32 words.
export const POSITION_D = 16
export const POSITION_W = 32
export const D_LOTS = 0
export const D_ENTRY = 1
export const D_SNAPSHOT = 2
export const D_BUY_LOTS = 3
export const D_BUY_QUOTE = 4
export const D_SELL_LOTS = 5
export const D_SELL_QUOTE = 6
export const P_MARKET = 14
export const P_NEXT = 15
export const P_ACCOUNT = 16
export const P_DIRTY = 17
export const P_PREV = 19
export const P_FIRST_ORDER = 20
/** Live orders, resting or being matched. */
export const P_ORDERS = 21
/** Bounds of the prices of its open orders (u32): no buy above, no sell below. */
export const P_BUY_MAX = 22
export const P_SELL_MIN = 23

// Lane: 4 words, 2 doubles.
export const LANE_W = 4
export const LANE_D = 2
export const L_SEQ = 0
/** Live order's slot + 1, and the dirty flag above it. */
export const L_ORDER = 1
export const LANE_DIRTY = 0x4000_0000
/** Filled by the lane's last order once closed, lots; 0 while it lives. */
export const LD_FILLED = 1

// Market: 64 doubles. LISTING_FIRST … LISTING_LAST are the listing, in the order of `Market`.
export const MARKET_D = 192
export const M_LISTED = 0
export const M_STATE = 1
export const M_TICK_E8 = 2
export const M_LOT_E8 = 3
export const M_QUOTE_PER_TICK_LOT = 4
export const M_IM_BPS = 5
export const M_MM_BPS = 6
export const M_TAKER_FEE = 7
export const M_MAKER_FEE = 8
export const M_MIN_ORDER = 9
export const M_MAX_ORDER = 10
export const M_MAX_POSITION = 11
export const M_MIN_NOTIONAL = 12
export const M_MAX_OPEN_INTEREST = 13
export const M_PRICE_BAND = 14
export const M_MARK_BAND = 15
export const M_FIXED_INDEX = 16
export const LISTING_FIRST = 2
export const LISTING_LAST = 16
// Hashed state of the market: M_LAST … M_LAST_PREMIUM in this order.
export const M_LAST = 17
export const M_INDEX = 18
export const M_INDEX_TIME = 19
export const M_MARK = 20
export const M_FUNDING_INDEX = 21
export const M_POOL = 22
export const M_OPEN_INTEREST = 23
export const M_PREMIUM_SUM = 24
export const M_PREMIUM_COUNT = 25
export const M_SAMPLE_TIME = 26
export const M_SAMPLED_MS = 27
export const M_EMA_N = 28
export const M_EMA_D = 29
export const M_EMA_TIME = 30
export const M_FUNDING_HOUR = 31
export const M_LAST_RATE = 32
export const M_LAST_PREMIUM = 33
// Derived: not hashed.
export const M_BEST_BID = 34
export const M_BEST_ASK = 35
export const M_MARK_QUOTE = 36
export const M_BAND_UP = 37
export const M_BAND_DOWN = 38

// Client order id: 32 words.
export const CLIENT_D = 16
export const CLIENT_W = 32
export const CLIENT_TEXT_WORDS = 9
export const C_ACCOUNT = 9
/** 0 free, 1 its order is open, 2 remembered. */
export const C_STATE = 10
export const C_HASH = 11
export const C_ACCOUNT_NEXT = 12
export const C_NEXT = 13
export const C_PREV = 14
export const C_MARKET = 15
export const C_PRICE = 16
export const C_SIDE = 17
export const C_FLAGS = 18
export const C_KIND = 19
export const C_SELF_TRADE = 20
export const C_MAX_FEE = 21
export const C_LANE = 22
export const C_LANE_SEQ = 23
export const C_EXPIRY = 24
export const CD_SIZE = 13
export const CD_ORDER_ID = 14
export const CD_TRIGGER = 15
export const C_DIRTY = 25
