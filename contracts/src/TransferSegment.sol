// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskBase} from "./RiskBase.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context} from "./libraries/Context.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {LANE_MAX} from "./libraries/OrderRecord.sol";
import {Tranche} from "./libraries/RiskState.sol";
import {Settleable} from "./libraries/Settleable.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TypeHashes} from "./libraries/TypeHashes.sol";

/// @notice Money that stays inside: signed transfers between subaccounts of one owner, and signed gifts to a market's
/// insurance. Both consume their lane whole and need what a withdrawal needs.
abstract contract TransferSegment is RiskBase {
    uint256 private constant RECORD_BYTES = 84;
    uint256 private constant LANE_CONSUMED = type(uint40).max;

    struct Transfer {
        address owner;
        uint256 subaccount;
        uint256 to; // subaccount, or market
        uint256 amount;
    }

    function _settleTransfer(
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) internal returns (uint256) {
        Transfer memory made = _debit(context, run, TypeHashes.TRANSFER, pos, end, index);
        if (made.to == made.subaccount) context.reject(BatchCodes.SAME_ACCOUNT, index);
        run.load(context, made.owner, made.to, index);
        run.cash += int256(made.amount);
        run.store(context);
        return pos + RECORD_BYTES;
    }

    function _settleInsuranceFunding(
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) internal returns (uint256) {
        Transfer memory made = _debit(context, run, TypeHashes.FUND_INSURANCE, pos, end, index);
        context.row(made.to, index); // listed
        Tranche.credit(made.to, made.amount);
        return pos + RECORD_BYTES;
    }

    // r 32 | vs 32 | subaccount u8 | to u8 | amount u64 | lane u16 | seq u32 | expiry u32.
    function _debit(
        Context memory context,
        AccountRun memory run,
        bytes32 typeHash,
        uint256 pos,
        uint256 end,
        uint256 index
    ) private returns (Transfer memory made) {
        if (pos + RECORD_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        uint256 word = calldataWord(pos + 64);
        made.subaccount = word >> 248;
        made.to = (word >> 240) & 0xFF;
        made.amount = (word >> 176) & type(uint64).max;
        uint256 lane = (word >> 160) & 0xFFFF;
        uint256 seq = (word >> 128) & 0xFFFFFFFF;
        uint256 expiry = (word >> 96) & 0xFFFFFFFF;
        if (made.amount == 0) context.reject(BatchCodes.ZERO_AMOUNT, index);
        if (lane > LANE_MAX || seq == 0) context.reject(BatchCodes.INVALID_LANE, index);
        if (block.timestamp > expiry) context.reject(BatchCodes.EXPIRED, index);
        bytes32 hash = keccak256(
            abi.encode(typeHash, made.subaccount, made.to, made.amount, lane, seq, expiry)
        );
        made.owner =
            Signatures.recover(DOMAIN, hash, calldataWord(pos), calldataWord(pos + 32));
        if (made.owner == address(0)) context.reject(BatchCodes.INVALID_SIGNATURE, index);
        if (made.owner == BACKSTOP) context.reject(BatchCodes.BACKSTOP_LOCKED, index);

        _load(context, run, made.owner, made.subaccount, index);
        // A lane that has filled anything at this sequence number overfills: a transfer needs a fresh one.
        if (run.useLiveLane(lane, seq, LANE_CONSUMED, LANE_CONSUMED) != 0) {
            context.reject(BatchCodes.LANE_SPENT, index);
        }
        run.cash -= int256(made.amount);
        Settleable.checkCovered(run, context, MARK_AGE_MAX_S);
        run.store(context);
    }
}
