// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Why a batch is refused. Numbers never change meaning; the TypeScript names are generated from here.
library BatchCodes {
    // Format and order of batches.
    uint8 internal constant MALFORMED = 1;
    uint8 internal constant UNKNOWN_VERSION = 2;
    uint8 internal constant UNSUPPORTED_MODE = 3;
    uint8 internal constant UNKNOWN_SEGMENT = 4;
    uint8 internal constant WRONG_BATCH_NO = 5;
    uint8 internal constant WRONG_SEQUENCE = 6;
    // Best-effort mode: a segment failed outside of these rules (its event says so; it is skipped).
    uint8 internal constant SEGMENT_REVERTED = 7;

    // One order of the table (index = place in the table), or one withdrawal.
    uint8 internal constant INVALID_SIGNATURE = 20;
    uint8 internal constant ORDERS_NOT_SORTED = 21;
    uint8 internal constant UNKNOWN_MARKET = 22;
    uint8 internal constant INVALID_FLAGS = 23;
    uint8 internal constant UNSUPPORTED_KIND = 24;
    uint8 internal constant INVALID_PRICE = 25;
    uint8 internal constant INVALID_SIZE = 26;
    uint8 internal constant INVALID_LANE = 27;
    uint8 internal constant EXPIRED = 28;
    uint8 internal constant FEE_ABOVE_MAX = 29;
    uint8 internal constant ORDER_UNUSED = 30;
    uint8 internal constant LANE_SPENT = 31;
    uint8 internal constant OVERFILLED = 32;
    uint8 internal constant FOK_NOT_FILLED = 33;
    uint8 internal constant INVALID_TRIGGER = 34;
    uint8 internal constant NOT_TRIGGERED = 35;

    // One fill (index = place in the list of fills).
    uint8 internal constant INVALID_ORDER_INDEX = 40;
    uint8 internal constant ZERO_QUANTITY = 41;
    uint8 internal constant MARKET_MISMATCH = 42;
    uint8 internal constant SAME_SIDE = 43;
    uint8 internal constant NOT_CROSSING = 44;
    uint8 internal constant POST_ONLY_TAKER = 45;
    uint8 internal constant REBATE_ABOVE_FEE = 46;
    uint8 internal constant PRICE_OUTSIDE_LIMITS = 47;

    // One account at the end of its run (index = its first order), or one withdrawal.
    uint8 internal constant REDUCE_ONLY = 60;
    uint8 internal constant POSITION_LIMIT = 61;
    uint8 internal constant NO_MARK = 62;
    uint8 internal constant NOT_SETTLEABLE = 63;
    uint8 internal constant CASH_OVERFLOW = 64;
    uint8 internal constant ZERO_AMOUNT = 65;
    uint8 internal constant CUSTODY_SHORT = 66;
    uint8 internal constant BACKSTOP_LOCKED = 69;
    uint8 internal constant SAME_ACCOUNT = 68;

    // One liquidation, takeover, deleveraging or transfer (index = its place).
    uint8 internal constant HEALTHY = 70; // not below maintenance margin
    uint8 internal constant STALE_MARK = 71;
    uint8 internal constant BACKSTOP_PARTY = 72; // the backstop is neither victim nor deleveraged
    uint8 internal constant NOT_REDUCING = 74; // more than the position, or none
    uint8 internal constant PAST_LIQUIDATION_LIMIT = 75;
    uint8 internal constant INSURANCE_SHORT = 76;
    uint8 internal constant BACKSTOP_SHORT = 77;
    uint8 internal constant WRONG_SHARE = 78;
    uint8 internal constant WRONG_COUNTERPARTY = 79;

    // One publisher's vector (index = its place).
    uint8 internal constant UNKNOWN_PUBLISHER = 80;
    uint8 internal constant INVALID_PAGE = 81;
    uint8 internal constant DUPLICATE_VECTOR = 82;
    uint8 internal constant PRICE_IN_FUTURE = 83;
    uint8 internal constant PRICE_TOO_OLD = 84;
    uint8 internal constant PRICE_OLDER_THAN_LAST = 85;

    // One mark, or one funding update (index = its place).
    uint8 internal constant FIXED_MARK = 90;
    uint8 internal constant TOO_FEW_PRICES = 91;
    uint8 internal constant MARK_OUT_OF_BAND = 92;
    uint8 internal constant FUNDING_CLAMP = 93;
    uint8 internal constant FUNDING_OVERFLOW = 94;

    // One request served, or one account of a market that ends (index = its place).
    uint8 internal constant NOT_REQUESTED = 120; // nothing of the kind is requested, or not so much
    uint8 internal constant REQUEST_OVER = 121; // it is the owner's to have carried out, or to change, by now
    uint8 internal constant NOT_DELISTING = 122;
    uint8 internal constant SETTLEMENT_PRICE = 123; // too far from the mark, or not the one that was fixed

    // One order signed by a session key (index = place in the table).
    uint8 internal constant UNKNOWN_KEY = 110;
    uint8 internal constant KEY_EXPIRED = 111;
    uint8 internal constant KEY_SUBACCOUNT = 112;
    uint8 internal constant KEY_MARKET = 113;
    uint8 internal constant KEY_ORDER_NOTIONAL = 114;
    uint8 internal constant KEY_NOTIONAL = 115;
    uint8 internal constant KEY_POSITION = 116;

    /// @notice The whole batch is refused at `index` of segment `segment`; the relayer's simulation sees it first.
    error BatchRejected(uint8 code, uint256 segment, uint256 index);
}
