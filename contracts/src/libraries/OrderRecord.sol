// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketLimits} from "./MarketWord.sol";
import {calldataWord} from "./Memory.sol";
import {Signatures} from "./Signatures.sol";
import {TypeHashes} from "./TypeHashes.sol";

/// @notice The 26 signed and charged bytes of an order record, left-aligned as they stand in the batch:
/// market u8 | subaccount u8 | sideFlags u8 | kind u8 | price u32 | size u40 | maxFee u8 | lane u16 | seq u32 | expiry u32
/// | takerFee u8 | makerFee i8. Before them stand r and vs (EIP-2098); behind them, for kinds 1 and 2 only, trigger u32.
type OrderFields is uint256;

using {
    market,
    subaccount,
    sideFlags,
    kind,
    isConditional,
    isKeyed,
    price,
    size,
    maxFee,
    lane,
    seq,
    laneAndSeq,
    expiry,
    takerFee,
    makerFee
} for OrderFields global;

uint256 constant ORDER_BYTES = 90;
uint256 constant FILL_BYTES = 9;
// Ticks: the trigger of a conditional order, and the price of a fill whose maker reprices.
uint256 constant TICKS_BYTES = 4;

uint256 constant KIND_STOP = 1;
uint256 constant KIND_TAKE_PROFIT = 2;
uint256 constant KIND_REPRICING = 3;

uint256 constant LANE_MAX = 1023;
uint256 constant SELL = 1;
// Signed flags stand one bit higher than in the signed message, above the side.
uint256 constant REDUCE_ONLY_BIT = 1 << 1;
uint256 constant POST_ONLY_BIT = 1 << 2;
uint256 constant TIF_SHIFT = 3;
uint256 constant TIF_FOK = 2;
uint256 constant FOK_BIT = TIF_FOK << TIF_SHIFT; // of a checked order: no other time in force has this bit
uint256 constant SESSION_BIT = 1 << 5; // signed by a session key

// Fields of the word where they stand, for checks without shifts.
uint256 constant MARKET_BITS = 0xFF << 248;
uint256 constant SIDE_BIT = SELL << 232;
uint256 constant FLAGS_UNUSED = 0xC0 << 232;
uint256 constant TIF_BITS = 3 << (232 + TIF_SHIFT); // 3 is no time in force
uint256 constant KIND_BITS = 0xFF << 224;
uint256 constant KINDS_UNUSED = 0xFC << 224;
uint256 constant PRICE_BITS = 0xFFFFFFFF << 192;
uint256 constant LANES_UNUSED = uint256(0xFFFF & ~LANE_MAX) << 128;
uint256 constant SEQ_BITS = 0xFFFFFFFF << 96;

function market(OrderFields fields) pure returns (uint256) {
    return OrderFields.unwrap(fields) >> 248;
}

function subaccount(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 240) & 0xFF;
}

function sideFlags(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 232) & 0xFF;
}

function kind(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 224) & 0xFF;
}

/// @notice Kinds 1 and 2, whose record carries a trigger. Of a checked order: no other kind has one of the two bits.
function isConditional(OrderFields fields) pure returns (bool) {
    uint256 bits = OrderFields.unwrap(fields) & (KIND_REPRICING << 224);
    return bits != 0 && bits != KIND_REPRICING << 224;
}

/// @notice Signed by a session key of the owner.
function isKeyed(OrderFields fields) pure returns (bool) {
    return OrderFields.unwrap(fields) & (SESSION_BIT << 232) != 0;
}

/// @notice Limit in ticks.
function price(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 192) & 0xFFFFFFFF;
}

/// @notice Size in lots.
function size(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 152) & 0xFFFFFFFFFF;
}

/// @notice Signed fee cap, units of 10 ppm.
function maxFee(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 144) & 0xFF;
}

function lane(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 128) & 0xFFFF;
}

function seq(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 96) & 0xFFFFFFFF;
}

/// @notice lane << 32 | seq.
function laneAndSeq(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 96) & 0xFFFFFFFFFFFF;
}

/// @notice Last second at which the order settles.
function expiry(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 64) & 0xFFFFFFFF;
}

/// @notice Fee charged where the order took, units of 10 ppm.
function takerFee(OrderFields fields) pure returns (uint256) {
    return (OrderFields.unwrap(fields) >> 56) & 0xFF;
}

/// @notice Fee charged where the order rested, units of 10 ppm; negative is a rebate.
function makerFee(OrderFields fields) pure returns (int256) {
    return int256(OrderFields.unwrap(fields) << 200) >> 248;
}

library OrderRecord {
    /// @notice Signer of the order at calldata position `pos`, or zero: ticks and lots go back to the plain integers that
    /// were signed. The trigger in ticks is zero for kinds 0 and 3. PlainOrders does the same for less gas.
    function recover(
        uint256 pos,
        OrderFields fields,
        MarketLimits limits,
        uint256 trigger,
        bytes32 domain
    ) internal view returns (address) {
        uint256 flags = fields.sideFlags();
        bytes memory first = abi.encode(
            TypeHashes.ORDER, fields.market(), fields.subaccount(), flags & SELL, flags >> 1, fields.kind()
        );
        bytes memory second = abi.encode(
            fields.price() * limits.tickE8(),
            fields.size() * limits.lotE8(),
            trigger * limits.tickE8(),
            fields.maxFee(),
            fields.lane(),
            fields.seq(),
            fields.expiry()
        );
        bytes32 hash = keccak256(bytes.concat(first, second));
        return Signatures.recover(domain, hash, calldataWord(pos), calldataWord(pos + 32));
    }
}
