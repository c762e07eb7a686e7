// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {Extended} from "./Extended.sol";
import {FillSegment} from "./FillSegment.sol";
import {FundingSegment} from "./FundingSegment.sol";
import {MarketTable} from "./MarketTable.sol";
import {PriceSegment} from "./PriceSegment.sol";
import {WithdrawSegment} from "./WithdrawSegment.sol";
import {IExchangeAdmin} from "./interfaces/IExchangeAdmin.sol";
import {IExitSegments, IRiskSegments} from "./interfaces/IExchangeRisk.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {Genesis, ISettlement} from "./interfaces/IPlumbExchange.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context} from "./libraries/Context.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {FROZEN} from "./libraries/Phase.sol";

/// @notice The margin contract: custody, accounts, and settlement of what traders signed. What is not on the hot path
/// (the way out, roles, reads) is its extensions' code: a contract holds 24,576 bytes at most.
contract PlumbExchange is
    MarketTable,
    PriceSegment,
    FillSegment,
    WithdrawSegment,
    FundingSegment,
    Extended,
    ISettlement
{
    uint256 private constant HEADER_BYTES = 60;
    uint256 private constant SEGMENT_HEAD_BYTES = 5;
    uint256 private constant VERSION = 1;
    uint256 private constant MODE_FAST = 0;
    uint256 private constant MODE_BEST_EFFORT = 1;
    // What must be left before each segment of a best-effort batch: several times what a pair, or a liquidation, uses.
    uint256 private constant SEGMENT_GAS = 400_000;
    uint256 private constant SEGMENT_GAS_PER_BYTE = 2_000;

    uint256 private constant KIND_PRICE = 1;
    uint256 private constant KIND_FILLS = 2;
    uint256 private constant KIND_WITHDRAW = 3;
    uint256 private constant KIND_FUNDING = 4;
    // From here on the risk extension's: activations, transfers, insurance, liquidations, takeovers, deleveragings,
    // what was credited, and markets that end. Requests are the extension's.
    uint256 private constant KIND_RISK_FIRST = 5;
    uint256 private constant KIND_DELISTING = 12;
    uint256 private constant KIND_REQUESTS = 13;

    /// @param extension The part that answers what this one does not, see Extended.
    constructor(Genesis memory genesis, address extension)
        ExchangeStorage(genesis, address(this))
        Extended(genesis, address(this), extension)
    {
        settledTime = uint32(block.timestamp);
        adminAddress = genesis.admin;
        emit IExchangeAdmin.AdminChanged(genesis.admin);
    }

    /// @inheritdoc ISettlement
    function settle(bytes calldata batch) external nonReentrant {
        if (phase & FROZEN != 0) revert IExchangeExit.Frozen();
        if (!relayers[msg.sender]) revert NotRelayer(msg.sender);
        if (block.chainid != CHAIN_ID) revert WrongChain(block.chainid);
        uint256 pos;
        assembly ("memory-safe") {
            pos := batch.offset
        }
        Context memory context;
        (uint256 segments, bool isBestEffort) = _commitHeader(context, pos, batch.length);
        _openBatch(context);
        _settleSegments(context, pos + HEADER_BYTES, pos + batch.length, segments, isBestEffort);
        if (uncreditedFrom != 0) uncreditedFrom = 0;
        _storeTotals(context);
    }

    /// @inheritdoc ISettlement
    function settleSegment(uint256 kind, uint256 segment, bytes calldata body) external {
        if (msg.sender != address(this)) revert NotRelayer(msg.sender);
        uint256 pos;
        assembly ("memory-safe") {
            pos := body.offset
        }
        Context memory context;
        context.segment = segment;
        _openBatch(context);
        _settleSegment(context, kind, pos, pos + body.length);
        if (context.openFoks != 0) context.reject(BatchCodes.FOK_NOT_FILLED, 0);
        _storeTotals(context);
    }

    // version u8 | mode u8 | batchNo u32 | toSeq u48 | hashSeq u48 | journalHash | stateHash u64 | segmentCount u16.
    // Stored before the segments run: a refusal undoes it with everything else.
    function _commitHeader(Context memory context, uint256 pos, uint256 length)
        private
        returns (uint256 segments, bool isBestEffort)
    {
        if (length < HEADER_BYTES) context.reject(BatchCodes.MALFORMED, 0);
        uint256 word = calldataWord(pos);
        if (word >> 248 != VERSION) context.reject(BatchCodes.UNKNOWN_VERSION, 0);
        uint256 mode = (word >> 240) & 0xFF;
        if (mode > MODE_BEST_EFFORT) context.reject(BatchCodes.UNSUPPORTED_MODE, 0);
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
        settledTime = uint32(block.timestamp);
        hashedSeq = hashSeq;
        committedStateHash = stateHash;
        committedJournalHash = journalHash;
        emit BatchSettled(number, toSeq, journalHash, stateHash);
        return (uint16(tail >> 176), mode != MODE_FAST);
    }

    function _settleSegments(
        Context memory context,
        uint256 pos,
        uint256 end,
        uint256 segments,
        bool isBestEffort
    ) private {
        for (uint256 i = 0; i < segments; ++i) {
            context.segment = i;
            if (pos + SEGMENT_HEAD_BYTES > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 head = calldataWord(pos);
            uint256 kind = head >> 248;
            pos += SEGMENT_HEAD_BYTES;
            uint256 next = pos + ((head >> 216) & 0xFFFFFFFF);
            if (next > end) context.reject(BatchCodes.MALFORMED, 0);
            if (isBestEffort) _trySegment(kind, i, pos, next);
            else _settleSegment(context, kind, pos, next);
            pos = next;
        }
        if (pos != end) context.reject(BatchCodes.MALFORMED, 0);
        if (context.openFoks != 0) context.reject(BatchCodes.FOK_NOT_FILLED, 0);
    }

    function _settleSegment(Context memory context, uint256 kind, uint256 pos, uint256 end)
        private
    {
        if (kind == KIND_FILLS) _settleFills(context, pos, end);
        else if (kind == KIND_PRICE) _settlePrices(context, pos, end);
        else if (kind == KIND_WITHDRAW) _settleWithdrawals(context, pos, end);
        else if (kind == KIND_FUNDING) _settleFunding(context, pos, end);
        else if (kind >= KIND_RISK_FIRST && kind <= KIND_REQUESTS) _delegate(context, kind, pos, end);
        else context.reject(BatchCodes.UNKNOWN_SEGMENT, 0);
    }

    // Totals add up and market words are only read there, but for a market that ends: nothing else grows old here.
    function _delegate(Context memory context, uint256 kind, uint256 pos, uint256 end) private {
        bytes calldata body = msg.data[pos:end];
        bytes memory data = kind == KIND_REQUESTS
            ? abi.encodeCall(IExitSegments.settleRequests, (context.segment, body))
            : abi.encodeCall(IRiskSegments.settleRiskSegment, (kind, context.segment, body));
        (bool ok, bytes memory reason) = EXTENSION.delegatecall(data);
        if (ok) {
            if (kind == KIND_DELISTING) context.refresh();
            return;
        }
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    // Alone in a call of its own: what it is refused for is taken back whole and said. Never for want of gas, which a
    // relayer could give too little of: a recovery of a signer that runs out of it looks like an invalid signature.
    function _trySegment(uint256 kind, uint256 segment, uint256 pos, uint256 end) private {
        uint256 needed = SEGMENT_GAS + (end - pos) * SEGMENT_GAS_PER_BYTE;
        if (gasleft() < needed) revert OutOfGas(segment, needed);
        try this.settleSegment(kind, segment, msg.data[pos:end]) {}
        catch (bytes memory reason) {
            uint8 code = bytes4(reason) == BatchCodes.BatchRejected.selector
                ? uint8(reason[35])
                : BatchCodes.SEGMENT_REVERTED;
            emit PairSkipped(settledBatchNo, segment, code);
        }
    }
}
