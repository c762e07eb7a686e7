// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Custody} from "./Custody.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {Words, allocate, calldataWord, freeMemory, releaseMemory} from "./libraries/Memory.sol";
import {LANE_MAX} from "./libraries/OrderRecord.sol";
import {Settleable} from "./libraries/Settleable.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TypeHashes} from "./libraries/TypeHashes.sol";

/// @notice Signed withdrawals: funding of every market settled, initial margin covered, paid to the signer only.
abstract contract WithdrawSegment is Custody {
    uint256 private constant RECORD_BYTES = 83;
    // More than any order's size, so that nothing else of this sequence number fits into the lane.
    uint256 private constant LANE_CONSUMED = type(uint40).max;

    // The 19 bytes after r and vs: subaccount u8 | amount u64 | lane u16 | seq u32 | expiry u32.
    function _settleWithdrawals(Context memory context, uint256 pos, uint256 end) internal {
        uint256 memoryBefore = freeMemory();
        unchecked {
            if (pos + 2 > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 count = calldataWord(pos) >> 240;
            pos += 2;
            if (pos + count * RECORD_BYTES != end) context.reject(BatchCodes.MALFORMED, 0);
            AccountRun memory run;
            run.rows = allocate(context.span);
            uint256 first = pos;
            Words owners = allocate(count);
            uint256 total = 0;
            for (uint256 i = 0; i < count; ++i) {
                address owner = _withdraw(context, run, pos, i);
                owners.set(i, uint160(owner));
                total += _amount(pos);
                pos += RECORD_BYTES;
            }
            // What was donated is nobody's, and profit nobody has lost yet cannot leave.
            if (withdrawn + total > deposited) context.reject(BatchCodes.CUSTODY_SHORT, 0);
            withdrawn += uint128(total);
            _payOut(owners, first, count);
        }
        releaseMemory(memoryBefore);
    }

    function _withdraw(Context memory context, AccountRun memory run, uint256 pos, uint256 index)
        private
        returns (address owner)
    {
        uint256 word = calldataWord(pos + 64);
        uint256 subaccount = word >> 248;
        uint256 amount = _amount(pos);
        uint256 lane = (word >> 168) & 0xFFFF;
        uint256 seq = (word >> 136) & 0xFFFFFFFF;
        uint256 expiry = (word >> 104) & 0xFFFFFFFF;
        if (amount == 0) context.reject(BatchCodes.ZERO_AMOUNT, index);
        if (lane > LANE_MAX || seq == 0) context.reject(BatchCodes.INVALID_LANE, index);
        if (block.timestamp > expiry) context.reject(BatchCodes.EXPIRED, index);
        owner = Signatures.recover(
            DOMAIN,
            keccak256(abi.encode(TypeHashes.WITHDRAW, subaccount, amount, lane, seq, expiry)),
            calldataWord(pos),
            calldataWord(pos + 32)
        );
        if (owner == address(0)) context.reject(BatchCodes.INVALID_SIGNATURE, index);
        // Its capital stands behind the users' way out, and leaves slowly, by a request that all can see.
        if (owner == BACKSTOP) context.reject(BatchCodes.BACKSTOP_LOCKED, index);

        run.load(context, owner, subaccount, index);
        uint8 code = run.useLiveLane(lane, seq, LANE_CONSUMED, LANE_CONSUMED);
        // A lane that has filled anything at this sequence number overfills: a withdrawal needs a fresh one.
        if (code != 0) context.reject(BatchCodes.LANE_SPENT, index);
        for (uint256 i = 0; i < run.count; ++i) {
            run.settleFunding(Row.wrap(run.rows.get(i)));
        }
        run.cash -= int256(amount);
        Settleable.checkCovered(run, context, MARK_AGE_MAX_S);
        run.store(context);
    }

    // After every account is stored: a token that calls back finds nothing half done.
    function _payOut(Words owners, uint256 pos, uint256 count) private {
        for (uint256 i = 0; i < count; ++i) {
            address owner = address(uint160(owners.get(i)));
            uint256 word = calldataWord(pos + 64);
            uint256 amount = _amount(pos);
            _payOrOwe(owner, amount);
            emit WithdrawalPaid(
                owner, uint8(word >> 248), amount, uint16(word >> 168), uint32(word >> 136)
            );
            pos += RECORD_BYTES;
        }
    }

    function _amount(uint256 pos) private pure returns (uint256) {
        return (calldataWord(pos + 64) >> 184) & type(uint64).max;
    }
}
