// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The moving half of a market, read by every fill:
/// fundingIndex i64 | mark u32 | markTime u32 | imBps u16 | mmBps u16 | quotePerTickLot u32 | fundingCreditTime u32 | flags u32.
/// Zero means not listed.
type MarketWord is uint256;

/// @notice The fixed half: tickE8 u64 | lotE8 u64 | maxOrderLots u40 | maxPositionLots u56 | markBandPpm u32.
type MarketLimits is uint256;

using {
    fundingIndex,
    mark,
    markTime,
    imBps,
    mmBps,
    quotePerTickLot,
    fundingCreditTime,
    hasFixedMark,
    hasTiers,
    withTiers,
    isDelisting,
    isSettled,
    withDelisting,
    withSettlement,
    isListed,
    withMark,
    withMargins,
    withFunding
} for MarketWord global;
using {tickE8, lotE8, maxOrderLots, maxPositionLots, markBandPpm, withoutOrders} for MarketLimits global;

uint256 constant LISTED = 1;
uint256 constant FIXED_MARK_FLAG = 2;
uint256 constant TIERS_FLAG = 4; // the market has a word of tiers, see MarketTiers
uint256 constant DELISTING_FLAG = 8; // a batch may settle the market
uint256 constant SETTLED_FLAG = 16; // its mark is the price its positions are closed at

/// @notice Cumulative funding, 1e-6 micro-USDC per lot.
function fundingIndex(MarketWord word) pure returns (int256) {
    return int256(MarketWord.unwrap(word)) >> 192;
}

/// @notice Mark price in ticks; zero before the first accepted price.
function mark(MarketWord word) pure returns (uint256) {
    return (MarketWord.unwrap(word) >> 160) & 0xFFFFFFFF;
}

/// @notice Block time at which the mark was accepted, seconds.
function markTime(MarketWord word) pure returns (uint256) {
    return (MarketWord.unwrap(word) >> 128) & 0xFFFFFFFF;
}

function imBps(MarketWord word) pure returns (uint256) {
    return (MarketWord.unwrap(word) >> 112) & 0xFFFF;
}

function mmBps(MarketWord word) pure returns (uint256) {
    return (MarketWord.unwrap(word) >> 96) & 0xFFFF;
}

/// @notice Micro-USDC value of one tick times one lot.
function quotePerTickLot(MarketWord word) pure returns (uint256) {
    return (MarketWord.unwrap(word) >> 64) & 0xFFFFFFFF;
}

/// @notice Time up to which the allowance of funding is used, seconds.
function fundingCreditTime(MarketWord word) pure returns (uint256) {
    return (MarketWord.unwrap(word) >> 32) & 0xFFFFFFFF;
}

function hasFixedMark(MarketWord word) pure returns (bool) {
    return MarketWord.unwrap(word) & FIXED_MARK_FLAG != 0;
}

function hasTiers(MarketWord word) pure returns (bool) {
    return MarketWord.unwrap(word) & TIERS_FLAG != 0;
}

function withTiers(MarketWord word) pure returns (MarketWord) {
    return MarketWord.wrap(MarketWord.unwrap(word) | TIERS_FLAG);
}

function isDelisting(MarketWord word) pure returns (bool) {
    return MarketWord.unwrap(word) & DELISTING_FLAG != 0;
}

function isSettled(MarketWord word) pure returns (bool) {
    return MarketWord.unwrap(word) & SETTLED_FLAG != 0;
}

function withDelisting(MarketWord word) pure returns (MarketWord) {
    return MarketWord.wrap(MarketWord.unwrap(word) | DELISTING_FLAG);
}

/// @notice The mark stands at `price` for good.
function withSettlement(MarketWord word, uint256 price) pure returns (MarketWord) {
    uint256 fixedAt = MarketWord.unwrap(word.withMark(price, word.markTime()));
    return MarketWord.wrap(fixedAt | FIXED_MARK_FLAG | SETTLED_FLAG);
}

function isListed(MarketWord word) pure returns (bool) {
    return MarketWord.unwrap(word) != 0;
}

function withMark(MarketWord word, uint256 mark_, uint256 time) pure returns (MarketWord) {
    uint256 kept = MarketWord.unwrap(word) & ~(uint256(type(uint64).max) << 128);
    return MarketWord.wrap(kept | (mark_ << 160) | (time << 128));
}

function withMargins(MarketWord word, uint256 imBps_, uint256 mmBps_) pure returns (MarketWord) {
    uint256 kept = MarketWord.unwrap(word) & ~(uint256(type(uint32).max) << 96);
    return MarketWord.wrap(kept | (imBps_ << 112) | (mmBps_ << 96));
}

function withFunding(MarketWord word, int256 index, uint256 creditTime) pure returns (MarketWord) {
    uint256 kept = (MarketWord.unwrap(word) << 64) >> 64;
    kept &= ~(uint256(type(uint32).max) << 32);
    return MarketWord.wrap(kept | (uint256(index) << 192) | (creditTime << 32));
}

function packMarket(
    uint256 mark_,
    uint256 time,
    uint256 imBps_,
    uint256 mmBps_,
    uint256 quotePerTickLot_,
    uint256 flags
) pure returns (MarketWord) {
    return MarketWord.wrap(
        (mark_ << 160) | (time << 128) | (imBps_ << 112) | (mmBps_ << 96) | (quotePerTickLot_ << 64)
            | (time << 32) | flags
    );
}

/// @notice Price of one tick times 1e8, as it stands in the signed order.
function tickE8(MarketLimits word) pure returns (uint256) {
    return MarketLimits.unwrap(word) >> 192;
}

function lotE8(MarketLimits word) pure returns (uint256) {
    return (MarketLimits.unwrap(word) >> 128) & type(uint64).max;
}

function maxOrderLots(MarketLimits word) pure returns (uint256) {
    return (MarketLimits.unwrap(word) >> 88) & type(uint40).max;
}

function maxPositionLots(MarketLimits word) pure returns (uint256) {
    return (MarketLimits.unwrap(word) >> 32) & type(uint56).max;
}

/// @notice Greatest distance of a mark from the publishers' median, ppm.
function markBandPpm(MarketLimits word) pure returns (uint256) {
    return MarketLimits.unwrap(word) & type(uint32).max;
}

/// @notice No order is small enough any more.
function withoutOrders(MarketLimits word) pure returns (MarketLimits) {
    return MarketLimits.wrap(MarketLimits.unwrap(word) & ~(uint256(type(uint40).max) << 88));
}

function packLimits(
    uint256 tickE8_,
    uint256 lotE8_,
    uint256 maxOrderLots_,
    uint256 maxPositionLots_,
    uint256 markBandPpm_
) pure returns (MarketLimits) {
    return MarketLimits.wrap(
        (tickE8_ << 192) | (lotE8_ << 128) | (maxOrderLots_ << 88) | (maxPositionLots_ << 32)
            | markBandPpm_
    );
}
