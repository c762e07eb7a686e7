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
export const THROTTLE_LEVEL = 20
export const THROTTLE_NOTIONAL = 21
export const TOTALS = 22

// What the contract has told: one record of doubles, hashed once a notice was heard.
export const NOTICES = 0
/** Until this second the contract takes no new risk. */
export const PAUSED_UNTIL_S = 1
/** What a forced reduction costs, ppm. */
export const FORCE_FEE = 2
/** The backstop's owner: five words; all zero before the first notice. */
export const BACKSTOP_OWNER = 3
/** When the relayer last told how far settlement is behind, and since when its oldest step waits (0: none does). */
export const SETTLEMENT_HEARD = 8
export const UNSETTLED_SINCE = 9
export const CHAIN_D = 10

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
/** Record of the advanced store; means something only with ORDER_ADVANCED. */
export const W_ADVANCED = 27
// Bits of W_FLAGS above the signed byte: what one compare with SIGNED_FLAGS keeps off the common path.
export const SIGNED_FLAGS = 0xff
export const ORDER_ADVANCED = 0x100
/** Live, and not on the book. */
export const ORDER_WAITING = 0x200
/** Part of D_REMAINING does not show. */
export const ORDER_ICEBERG = 0x400
/** More remains than D_REMAINING says: a scale's later levels, a twap's later slices. */
export const ORDER_PARTS = 0x800
/** Order id = generation × 2^20 + slot. */
export const SLOT_RANGE = 1_048_576

// Account with its home position and first lanes: 80 words, five cache lines (account-records.ts). An order touches the
// first two and its lane's, a fill the third as well. A record of another market's position has the same shape, its P_ and
// position doubles in use.
export const ACCOUNT_D = 40
export const ACCOUNT_W = 80
export const POSITION_D = 40
export const POSITION_W = 80
// Line 0.
export const D_CASH = 0
export const D_LOTS = 1
export const D_BUY_LOTS = 2
export const D_BUY_QUOTE = 3
export const D_SELL_LOTS = 4
export const D_SELL_QUOTE = 5
export const D_SNAPSHOT = 6
/** Lots of scales' later levels: not on the book and without margin, but they count against the position limit. */
export const D_BUY_LATER = 7
// Line 1.
export const D_SELL_LATER = 8
export const P_MARKET = 18
export const P_NEXT = 19
export const P_FIRST_ORDER = 20
/** Live orders, resting or being matched. */
export const P_ORDERS = 21
/** Bounds of the prices of its open orders (u32), by side: no buy above, no sell below. */
export const P_BUY_MAX = 22
export const P_SELL_MIN = 23
/** The account's leverage in the market, a copy of `positions.leverage`. */
export const P_LEVERAGE = 24
export const P_DIRTY = 25
export const W_FIRST_POSITION = 26
export const W_OPEN_ORDERS = 27
/** Bits 0 … 6 isolated market + 1, bit 7 watched, bits 8 … 11 fee tier, bits 12 … 31 day of the volume. */
export const W_RISK = 28
export const W_ACCOUNT_DIRTY = 29
/** Whose orders do not trade with each other: the owner's lowest account, or −group. */
export const W_SELF_TRADE = 30
export const P_ACCOUNT = 31
// Line 2.
export const D_ENTRY = 16
/** Traded volume, decaying over 30 days. */
export const D_VOLUME = 17
/** Time of the last partial liquidation. */
export const D_PARTIAL_AT = 18
/** Deadline of the dead man's switch. */
export const D_DEAD_MAN = 19
export const W_OWNER = 40
export const W_SUBACCOUNT = 41
export const W_CLOSED_IDS = 42
export const W_CLOSED_HEAD = 43
export const W_CLOSED_TAIL = 44
export const P_PREV = 45
/** Orders with a lower lane sequence number are dead on-chain; 0 = none. */
export const W_MIN_SEQ = 46
/** What the owner has asked for on-chain and is the chain's to carry out at any time: bits below. */
export const W_LOCKED = 47
// Lines 3 and 4: the account's first sixteen lanes.
export const FIRST_LANE_W = 48
// Bits of W_LOCKED.
/** A withdrawal. */
export const MONEY_ASKED = 1
/** A reduction of a position: one in `reductions`. */
export const REDUCTION_ASKED = 2
/** Money along with one. */
export const MONEY_ASKED_ALONG = 4
// Parts of W_RISK.
export const ISOLATED_MASK = 0x7f
/** The account has W_MIN_SEQ or W_LOCKED: what is new goes the general way. */
export const WATCHED = 0x80
/** Both, at one look. */
export const SINGLED_OUT_MASK = 0xff
export const TIER_SHIFT = 8
export const TIER_MASK = 0xf00
export const DAY_SHIFT = 12

// Lane: 2 words. Its place is the number of its pair of words in the slab of records.
export const LANE_W = 2
export const L_SEQ = 0
/** Live order's slot + 1, and two flags above it. */
export const L_ORDER = 1
export const LANE_DIRTY = 0x4000_0000
/** Its last order is closed and was filled, at least in part: `lanes.filled` says how much. */
export const LANE_FILLED = 0x2000_0000
/** Places from one account's first lane to the next one's, and the first of account 0. */
export const HOME_PLACES = 40
export const FIRST_PLACE = 24

// Market: 192 doubles. LISTING_FIRST … LISTING_LAST are the listing, in the order of `Market`.
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
// Derived: not hashed. Best prices and bands stand by side, the bid's first.
export const M_BEST_BID = 34
export const M_BEST_ASK = 35
export const M_MARK_QUOTE = 36
export const M_BAND_UP = 37
export const M_BAND_DOWN = 38
/** The worse of mark and mean mark × quotePerTickLot, for a long and for a short. */
export const M_LONG_QUOTE = 39
export const M_SHORT_QUOTE = 40
/** Bits of what the market's risk parameters switch on; 0 = a plain market. */
export const M_RISK_FLAGS = 41
export const TIERED = 1
export const OI_SCALED = 2
export const VOLATILE = 4
export const GAIN_CUT = 8
export const SCOPED = 16
/** Bits that change initial margin. */
export const MARGIN_SCALED = 7
export const M_SCOPE_DOWN = 42
export const M_SCOPE_UP = 43
/** Lower median of the depth samples, micro-USDC. */
export const M_DEPTH = 44
/** Volatility requirement, ppm: a copy of the clock's. */
export const M_VOLATILITY = 45
// Risk parameters (`SetMarketRisk`), hashed once set: M_RISK_FIRST … M_RISK_LAST in the order of its type.
export const M_RISK_SET = 80
export const M_RISK_FIRST = 81
export const M_BOUNDS = 81
export const M_IMFS = 84
export const M_OI_LOW = 87
export const M_OI_HIGH = 88
export const M_PARTIAL_ABOVE = 89
export const M_VOLATILITY_SEED = 90
export const M_OPENING_GAIN = 91
export const M_SCOPE = 92
export const M_VOLATILITY_ON = 93
export const M_LIQUIDATION = 94
export const M_LIQUIDATION_FEE = 95
export const M_CANCEL_ONLY_S = 96
export const M_POST_ONLY_S = 97
export const M_REARM_S = 98
export const M_RISK_LAST = 98
// Derived: the tiers' table (20 doubles), and the mean mark as of the last mark.
export const M_TIERS = 100
export const M_MEAN_MARK = 120
// Safety: hashed as one record, M_TRANCHE … M_SETTLE_PRICE in this order.
/** Insurance tranche, micro-USDC. */
export const M_TRANCHE = 144
/** Deficits nobody bore, micro-USDC. */
export const M_BAD_DEBT = 145
/** Account that takes positions over, 0 = none. */
export const M_BACKSTOP = 146
/** Since when the market is in a state that it leaves by itself (a stage of a reopening, or held), 0 = none. */
export const M_REOPEN_SINCE = 147
/** Ticks of the post-only stage with a fresh index. */
export const M_GOOD_TICKS = 148
/** Liquidation is suspended before this time. */
export const M_REARMED_AT = 149
export const M_SETTLE_PRICE = 150
/** Derived: positions of a delisted market that are still to be settled. */
export const M_UNSETTLED = 151

// Market clock: what ticks keep of a market that has an index. Hashed in this order, ring included.
export const CLOCK_D = 56
/** Weight w of the book's price in the mark, 0 … 1,800. */
export const CK_WEIGHT = 0
export const CK_SECOND = 1
/** Numerator, denominator and time of the average of median(bid, ask, last). */
export const CK_EMA_N = 2
/** Five buckets of (minute, sum, count). */
export const CK_BUCKETS = 5
export const CK_MINUTE = 20
export const CK_INDEX = 21
export const CK_VARIANCE = 22
export const CK_VOLATILITY = 23
export const CK_DEPTHS = 24
export const CK_RING = 25
export const CK_LAST = 48

// Waiting orders, by ascending waiting priority: first and last advanced record of each list, plus one (0 = none).
export const M_TRIGGERS = 64
export const M_PEGS = 66
export const M_TWAPS = 68

// Advanced order: 40 words.
export const ADVANCED_D = 20
export const ADVANCED_W = 40
export const AD_EXTREME = 0
export const AD_HIDDEN = 1
export const AD_DISPLAY = 2
export const AD_START = 3
export const AD_PARENT_TOTAL = 4
export const AD_PARENT_FILLED = 5
export const AD_WAITING_PRIORITY = 6
/** The order's slot. */
export const A_SLOT = 14
export const A_DIRTY = 15
export const A_STYLE = 16
export const A_TRIGGER_KIND = 17
export const A_TRIGGER_SOURCE = 18
export const A_TRIGGER = 19
export const A_LIMIT = 20
export const A_OFFSET = 21
export const A_COUNT = 22
export const A_SECONDS = 23
export const A_SLIPPAGE = 24
export const A_SELF_TRADE = 25
/** Slices of a twap that are done; the level of a scale that shows. */
export const A_STEP = 26
export const A_PARENT_LANE = 27
export const A_PARENT_SEQ = 28
// Records of the linked orders, NONE if there is none.
export const A_SIBLING = 29
export const A_PARENT = 30
export const A_FIRST_CHILD = 31
export const A_NEXT_CHILD = 32
export const A_PREV_CHILD = 33
export const A_NEXT_WAITING = 34
export const A_PREV_WAITING = 35
/** 1 while it stands in a list of waiting orders. */
export const A_LISTED = 36
/** Session key that signed it, 0 if its owner did; the lots it signed. */
export const A_KEY = 37
export const AD_KEY_LOTS = 19

// Session key: 32 words.
export const KEY_D = 16
export const KEY_W = 32
/** Words of an address. */
export const KEY_WORDS = 5
/** What its orders may still reserve of its notional, micro-USDC. */
export const KD_LEFT = 0
export const KD_MAX_POSITION = 1
export const KD_MAX_ORDER = 2
export const K_ADDRESS = 6
export const K_OWNER = 11
/** Last second at which its orders settle: now, and as it was registered. */
export const K_EXPIRY = 16
export const K_REGISTERED = 17
export const K_SUBACCOUNT = 18
export const K_ALL = 19
/** Two words of bits. */
export const K_MARKETS = 20
export const K_REVOKED = 22

// Client order id: 32 words. The first line is all that closing its order touches.
export const CLIENT_D = 16
export const CLIENT_W = 32
export const CLIENT_TEXT_WORDS = 9
// Line 0.
export const C_ACCOUNT = 0
/** 0 free, 1 its order is open, 2 remembered. */
export const C_STATE = 1
export const C_HASH = 2
export const C_ACCOUNT_NEXT = 3
export const C_NEXT = 4
export const C_PREV = 5
export const C_DIRTY = 6
/** Side, flags, kind and self-trade mode, a byte each from the lowest on; HAS_EXTRA above. */
export const C_MODES = 7
export const CD_ORDER_ID = 4
/** Which closing of all it was, 0 while its order is open. */
export const CD_CLOSE_NUMBER = 5
export const CD_SIZE = 6
export const C_MARKET = 14
export const C_PRICE = 15
// Line 1.
export const C_TEXT = 16
export const C_MAX_FEE = 25
export const C_LANE = 26
export const C_LANE_SEQ = 27
export const C_EXPIRY = 28
export const CD_TRIGGER = 15

// Book. A page: head and tail of 1,024 levels.
export const PAGE_WORDS = 2_048
/** Bits of a page: 32 words of used levels, one summary word, its page number (price >>> 10) and its market. */
export const BITS = 36
export const BITS_SUMMARY = 32
/** A directory: 2,048 children (number + 1), 64 words of used children, two summary words. */
export const NODE = 2_128
export const NODE_USED = 2_048
export const NODE_SUMMARY = 2_112

/** Lanes of one block, and blocks of one account: 1,024 lanes (`limits.lanesPerAccountMax`). */
export const LANES = 16
export const BLOCKS = 64
/** Slots of one block of the expiry scan. */
export const DUE_BLOCK = 256

// Masks of record numbers: each covers every number there can be (createEngine), and tells V8 that an address made of it
// stays below 2^31, so that sums with it need no overflow check.
export const COMMAND_MASK = 0x3fff_ffc0
export const EVENT_MASK = 0xff_ffff
/** Accounts, positions. */
export const RECORD_MASK = 0x1f_ffff
export const MARKET_MASK = 63
export const SLOT_MASK = 0xf_ffff
/** Pages and directories of the book. */
export const PAGE_MASK = 0x7_ffff
/** Places of lanes. */
export const PLACE_MASK = 0x7ff_ffff
