// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a session key may do: owner u160 | expiry u32 | subaccount u8 | notional left u48 | flags u8, from the
/// highest bit down. Zero: no such key. A record is never removed, so no key address is ever used twice.
type KeyRecord is uint256;

/// @notice The second slot: markets u64 | maxPosition u64 | maxOrderNotional u64, from the lowest bit up.
type KeyLimits is uint256;

using {
    owner,
    expiry,
    subaccount,
    notionalLeft,
    coversAll,
    withExpiry,
    withNotional
} for KeyRecord global;
using {allows, maxPosition, maxOrderNotional} for KeyLimits global;

// Beside an address's accounts, whose slots use bits 0 to 80 and the subaccount's from 88 on: an address may be an
// account and somebody's key.
uint256 constant KEY_SLOT_BIT = 1 << 87;
uint256 constant ALL_SUBACCOUNTS = 1;
uint256 constant NOTIONAL_BITS = 48;

function keySlot(address key) pure returns (uint256) {
    return (uint256(uint160(key)) << 96) | KEY_SLOT_BIT;
}

function owner(KeyRecord record) pure returns (address) {
    return address(uint160(KeyRecord.unwrap(record) >> 96));
}

/// @notice Last second at which its orders settle.
function expiry(KeyRecord record) pure returns (uint256) {
    return (KeyRecord.unwrap(record) >> 64) & type(uint32).max;
}

function subaccount(KeyRecord record) pure returns (uint256) {
    return (KeyRecord.unwrap(record) >> 56) & 0xFF;
}

/// @notice Micro-USDC of notional that its orders may still fill.
function notionalLeft(KeyRecord record) pure returns (uint256) {
    return (KeyRecord.unwrap(record) >> 8) & type(uint48).max;
}

function coversAll(KeyRecord record) pure returns (bool) {
    return KeyRecord.unwrap(record) & ALL_SUBACCOUNTS != 0;
}

function withExpiry(KeyRecord record, uint256 expiry_) pure returns (KeyRecord) {
    uint256 kept = KeyRecord.unwrap(record) & ~(uint256(type(uint32).max) << 64);
    return KeyRecord.wrap(kept | (expiry_ << 64));
}

function withNotional(KeyRecord record, uint256 left) pure returns (KeyRecord) {
    uint256 kept = KeyRecord.unwrap(record) & ~(uint256(type(uint48).max) << 8);
    return KeyRecord.wrap(kept | (left << 8));
}

function packKey(
    address owner_,
    uint256 expiry_,
    uint256 subaccount_,
    uint256 notional,
    uint256 flags
) pure returns (KeyRecord) {
    return KeyRecord.wrap(
        (uint256(uint160(owner_)) << 96) | (expiry_ << 64) | (subaccount_ << 56) | (notional << 8)
            | flags
    );
}

function allows(KeyLimits limits, uint256 market) pure returns (bool) {
    return (KeyLimits.unwrap(limits) >> market) & 1 != 0;
}

/// @notice Lots, either side, in one market.
function maxPosition(KeyLimits limits) pure returns (uint256) {
    return (KeyLimits.unwrap(limits) >> 64) & type(uint64).max;
}

/// @notice Micro-USDC of one order at its limit price.
function maxOrderNotional(KeyLimits limits) pure returns (uint256) {
    return (KeyLimits.unwrap(limits) >> 128) & type(uint64).max;
}

function packKeyLimits(uint256 markets, uint256 position, uint256 orderNotional)
    pure
    returns (KeyLimits)
{
    return KeyLimits.wrap(markets | (position << 64) | (orderNotional << 128));
}
