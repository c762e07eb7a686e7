// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeAdmin} from "./ExchangeAdmin.sol";
import {ExchangeStorage} from "./ExchangeStorage.sol";
import {ExchangeViews} from "./ExchangeViews.sol";
import {FillSegment} from "./FillSegment.sol";
import {FundingSegment} from "./FundingSegment.sol";
import {PriceSegment} from "./PriceSegment.sol";
import {WithdrawSegment} from "./WithdrawSegment.sol";
import {Genesis, IPlumbExchange} from "./interfaces/IPlumbExchange.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, ROW_BYTES, ROW_WORDS, Row} from "./libraries/Context.sol";
import {Words, allocate, calldataWord} from "./libraries/Memory.sol";

/// @notice The margin contract: custody, accounts, and settlement of what traders signed.
contract PlumbExchange is
    ExchangeAdmin,
    ExchangeViews,
    PriceSegment,
    FillSegment,
    WithdrawSegment,
    FundingSegment
{
    uint256 private constant HEADER_BYTES = 60;
    uint256 private constant SEGMENT_HEAD_BYTES = 5;
    uint256 private constant VERSION = 1;
    uint256 private constant MODE_FAST = 0;

    uint256 private constant KIND_PRICE = 1;
    uint256 private constant KIND_FILLS = 2;
    uint256 private constant KIND_WITHDRAW = 3;
    uint256 private constant KIND_FUNDING = 4;

    constructor(Genesis memory genesis) ExchangeStorage(genesis) {}

    /// @inheritdoc IPlumbExchange
    function settle(bytes calldata batch) external nonReentrant {
        if (!relayers[msg.sender]) revert NotRelayer(msg.sender);
        if (block.chainid != CHAIN_ID) revert WrongChain(block.chainid);
        uint256 pos;
        assembly ("memory-safe") {
            pos := batch.offset
        }
        Context memory context;
        uint256 segments = _commitHeader(context, pos, batch.length);
        _openMarkets(context);
        _settleSegments(context, pos + HEADER_BYTES, pos + batch.length, segments);
        _storeTotals(context);
    }

    // version u8 | mode u8 | batchNo u32 | toSeq u48 | hashSeq u48 | journalHash | stateHash u64 | segmentCount u16.
    // Stored before the segments run: a refusal undoes it with everything else.
    function _commitHeader(Context memory context, uint256 pos, uint256 length)
        private
        returns (uint256 segments)
    {
        if (length < HEADER_BYTES) context.reject(BatchCodes.MALFORMED, 0);
        uint256 word = calldataWord(pos);
        if (word >> 248 != VERSION) context.reject(BatchCodes.UNKNOWN_VERSION, 0);
        if ((word >> 240) & 0xFF != MODE_FAST) context.reject(BatchCodes.UNSUPPORTED_MODE, 0);
        uint32 number = uint32(word >> 208);
        uint48 toSeq = uint48(word >> 160);
        uint48 hashSeq = uint48(word >> 112);
        bytes32 journalHash = bytes32(calldataWord(pos + 18));
        uint256 tail = calldataWord(pos + 50);
        uint64 stateHash = uint64(tail >> 192);
        unchecked {
            if (number != settledBatchNo + 1) context.reject(BatchCodes.WRONG_BATCH_NO, 0);
        }
        if (toSeq < settledSeq || hashSeq < hashedSeq || hashSeq > toSeq) {
            context.reject(BatchCodes.WRONG_SEQUENCE, 0);
        }
        settledBatchNo = number;
        settledSeq = toSeq;
        hashedSeq = hashSeq;
        committedStateHash = stateHash;
        committedJournalHash = journalHash;
        emit BatchSettled(number, toSeq, journalHash, stateHash);
        return uint16(tail >> 176);
    }

    function _openMarkets(Context memory context) private view {
        uint256 span = marketSpan;
        context.span = span;
        context.markets = allocate(span * ROW_WORDS);
        uint256 marketSlot;
        uint256 limitsSlot;
        assembly ("memory-safe") {
            marketSlot := marketWords.slot
            limitsSlot := marketLimits.slot
        }
        context.marketSlot = marketSlot;
        context.limitsSlot = limitsSlot;
    }

    function _settleSegments(Context memory context, uint256 pos, uint256 end, uint256 segments)
        private
    {
        for (uint256 i = 0; i < segments; ++i) {
            context.segment = i;
            if (pos + SEGMENT_HEAD_BYTES > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 head = calldataWord(pos);
            uint256 kind = head >> 248;
            pos += SEGMENT_HEAD_BYTES;
            uint256 next = pos + ((head >> 216) & 0xFFFFFFFF);
            if (next > end) context.reject(BatchCodes.MALFORMED, 0);
            if (kind == KIND_FILLS) _settleFills(context, pos, next);
            else if (kind == KIND_PRICE) _settlePrices(context, pos, next);
            else if (kind == KIND_WITHDRAW) _settleWithdrawals(context, pos, next);
            else if (kind == KIND_FUNDING) _settleFunding(context, pos, next);
            else context.reject(BatchCodes.UNKNOWN_SEGMENT, 0);
            pos = next;
        }
        if (pos != end) context.reject(BatchCodes.MALFORMED, 0);
    }

    // Fees and the markets' pools, once for the whole batch.
    function _storeTotals(Context memory context) private {
        if (context.fees != 0) feeAccount += uint128(context.fees);
        for (uint256 market = 0; market < context.span; ++market) {
            Row row = Row.wrap(Words.unwrap(context.markets) + market * ROW_BYTES);
            if (row.poolDelta() == 0 && row.interestDelta() == 0) continue;
            uint256 stored = marketPools[market];
            int256 pool = (int256(stored) >> 128) + row.poolDelta();
            int256 interest = int256(stored & type(uint128).max) + row.interestDelta();
            marketPools[market] = (uint256(pool) << 128) | (uint256(interest) & type(uint128).max);
        }
    }
}
