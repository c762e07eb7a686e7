// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ActivationSegment} from "./ActivationSegment.sol";
import {DeleverageSegment} from "./DeleverageSegment.sol";
import {DelistingSegment} from "./DelistingSegment.sol";
import {ExchangeStorage} from "./ExchangeStorage.sol";
import {FlaggedLiquidation} from "./FlaggedLiquidation.sol";
import {LiquidationSegment} from "./LiquidationSegment.sol";
import {TransferSegment} from "./TransferSegment.sol";
import {IExchangeExtension} from "./interfaces/IExchangeExtension.sol";
import {IRiskSegments} from "./interfaces/IExchangeRisk.sol";
import {Genesis} from "./interfaces/IPlumbExchange.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context} from "./libraries/Context.sol";
import {allocate, calldataWord} from "./libraries/Memory.sol";

/// @notice The exchange's second half off the hot path: liquidation, insurance, deleveraging, transfers. Its code runs
/// on the exchange's storage by delegation; called by itself it holds nothing and knows nobody.
contract RiskExtension is
    ActivationSegment,
    TransferSegment,
    LiquidationSegment,
    DeleverageSegment,
    DelistingSegment,
    FlaggedLiquidation,
    IRiskSegments,
    IExchangeExtension
{
    uint256 private constant KIND_TRANSFERS = 6;
    uint256 private constant KIND_INSURANCE = 7;
    uint256 private constant KIND_LIQUIDATIONS = 8;
    uint256 private constant KIND_TAKEOVERS = 9;
    uint256 private constant KIND_DELEVERAGINGS = 10;
    uint256 private constant KIND_CREDITED = 11;
    uint256 private constant KIND_DELISTING = 12;
    uint256 private constant CREDITED_BYTES = 6;

    /// @inheritdoc IExchangeExtension
    address public immutable extensionOf;
    /// @inheritdoc IExchangeExtension
    bytes32 public immutable genesisHash;

    constructor(Genesis memory genesis, address exchange) ExchangeStorage(genesis, exchange) {
        extensionOf = exchange;
        genesisHash = keccak256(abi.encode(genesis));
    }

    /// @inheritdoc IRiskSegments
    /// @dev Every kind is a count u16 and that many records.
    function settleRiskSegment(uint256 kind, uint256 segment, bytes calldata body) external {
        // The exchange's fallback brings anybody here: only a batch being settled may pass.
        if (!entered || (msg.sender != address(this) && !relayers[msg.sender])) {
            revert OnlyWithinSettlement(msg.sender);
        }
        Context memory context;
        context.segment = segment;
        _openBatch(context);
        AccountRun memory run;
        run.rows = allocate(context.span);
        uint256 pos;
        assembly ("memory-safe") {
            pos := body.offset
        }
        uint256 end = pos + body.length;
        if (pos + 2 > end) context.reject(BatchCodes.MALFORMED, 0);
        uint256 count = calldataWord(pos) >> 240;
        pos += 2;
        for (uint256 i = 0; i < count; ++i) {
            pos = _settleRecord(kind, context, run, pos, end, i);
        }
        if (pos != end) context.reject(BatchCodes.MALFORMED, 0);
        _storeTotals(context);
    }

    function _settleRecord(
        uint256 kind,
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) private returns (uint256) {
        if (kind == KIND_LIQUIDATIONS) return _settleLiquidation(context, run, pos, end, index);
        if (kind == KIND_TAKEOVERS) return _settleTakeover(context, run, pos, end, index);
        if (kind == KIND_DELEVERAGINGS) return _settleDeleveraging(context, run, pos, end, index);
        if (kind == KIND_TRANSFERS) return _settleTransfer(context, run, pos, end, index);
        if (kind == KIND_INSURANCE) return _settleInsuranceFunding(context, run, pos, end, index);
        if (kind == KIND_DELISTING) return _settleDelisting(context, run, pos, end, index);
        if (kind == KIND_CREDITED) return _settleCredited(context, pos, end, index);
        return _settleActivation(context, run, pos, end, index);
    }

    // For the liquidations that follow: deposits from this id on were not known when they were decided.
    function _settleCredited(Context memory context, uint256 pos, uint256 end, uint256 index)
        private
        returns (uint256)
    {
        if (pos + CREDITED_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        uncreditedFrom = uint48(calldataWord(pos) >> 208);
        return pos + CREDITED_BYTES;
    }
}
