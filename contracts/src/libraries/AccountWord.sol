// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An account with one open market in one slot:
/// cash i72 | size i56 | fundingSnapshot i48 | lane0 (seq u32 | filled u40) | primaryMarket u6 | flags u2.
/// Size and snapshot are those of the primary market.
type AccountWord is uint256;

/// @notice A position outside the primary place: size i56 | fundingSnapshot i48, left-aligned.
type PositionWord is uint256;

using {
    cash,
    size,
    fundingSnapshot,
    lane0,
    primaryMarket,
    hasExtra,
    withCash,
    withExtra,
    withLane0
} for AccountWord global;
using {sizeOf, snapshotOf} for PositionWord global;

// Slot |1 holds something and must be read: map of further open markets u64 | minSeq u32 | pending minSeq u32 |
// time from which the pending one is in force u64, from the lowest bit up.
uint256 constant EXTRA_FLAG = 1;
uint256 constant CASH_BITS = 72;
uint256 constant LANE_MASK = (1 << 72) - 1;

/// @notice Slot of an account's first word. Owner zero never exists, so ordinary storage lies below every account.
function accountSlot(address owner, uint256 subaccount) pure returns (uint256) {
    return (uint256(uint160(owner)) << 96) | (subaccount << 88);
}

function extraSlot(uint256 base) pure returns (uint256) {
    return base | 1;
}

/// @notice Orders below this sequence number are dead, in every lane; a requested number comes into force by itself.
function minSeqOf(uint256 extra) view returns (uint256) {
    uint256 effectiveAt = extra >> 128;
    uint256 shift = effectiveAt != 0 && block.timestamp >= effectiveAt ? 96 : 64;
    return (extra >> shift) & type(uint32).max;
}

function positionSlot(uint256 base, uint256 market) pure returns (uint256) {
    return base | (2 + market);
}

/// @notice Three lanes of 72 bits share a slot; lane 0 lives in the account word.
function laneSlot(uint256 base, uint256 lane) pure returns (uint256) {
    return base | (1 << 80) | (lane / 3);
}

function laneShift(uint256 lane) pure returns (uint256) {
    return (lane % 3) * 72;
}

function cash(AccountWord word) pure returns (int256) {
    return int256(AccountWord.unwrap(word)) >> 184;
}

function size(AccountWord word) pure returns (int256) {
    return int256(AccountWord.unwrap(word) << 72) >> 200;
}

function fundingSnapshot(AccountWord word) pure returns (int256) {
    return int256(AccountWord.unwrap(word) << 128) >> 208;
}

function lane0(AccountWord word) pure returns (uint256) {
    return (AccountWord.unwrap(word) >> 8) & LANE_MASK;
}

function primaryMarket(AccountWord word) pure returns (uint256) {
    return (AccountWord.unwrap(word) >> 2) & 63;
}

function hasExtra(AccountWord word) pure returns (bool) {
    return AccountWord.unwrap(word) & EXTRA_FLAG != 0;
}

function withCash(AccountWord word, int256 cash_) pure returns (AccountWord) {
    uint256 kept = (AccountWord.unwrap(word) << 72) >> 72;
    return AccountWord.wrap(kept | (uint256(cash_) << 184));
}

function withExtra(AccountWord word) pure returns (AccountWord) {
    return AccountWord.wrap(AccountWord.unwrap(word) | EXTRA_FLAG);
}

function withLane0(AccountWord word, uint256 lane) pure returns (AccountWord) {
    return AccountWord.wrap((AccountWord.unwrap(word) & ~(LANE_MASK << 8)) | (lane << 8));
}

function packAccount(
    int256 cash_,
    int256 size_,
    int256 snapshot,
    uint256 lane0_,
    uint256 primary,
    uint256 flags
) pure returns (AccountWord) {
    return AccountWord.wrap(
        (uint256(cash_) << 184) | ((uint256(size_) & type(uint56).max) << 128)
            | ((uint256(snapshot) & type(uint48).max) << 80) | (lane0_ << 8) | (primary << 2)
            | flags
    );
}

function sizeOf(PositionWord word) pure returns (int256) {
    return int256(PositionWord.unwrap(word)) >> 200;
}

function snapshotOf(PositionWord word) pure returns (int256) {
    return int256(PositionWord.unwrap(word) << 56) >> 208;
}

function packPosition(int256 size_, int256 snapshot) pure returns (PositionWord) {
    return
        PositionWord.wrap((uint256(size_) << 200) | ((uint256(snapshot) & type(uint48).max) << 152));
}
