// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payouts} from "./Payouts.sol";
import {IERC20} from "./interfaces/IERC20.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {ICustody} from "./interfaces/IPlumbExchange.sol";
import {AccountWord, CASH_BITS, accountSlot} from "./libraries/AccountWord.sol";
import {FROZEN, SEALED} from "./libraries/Phase.sol";
import {loadSlot, storeSlot} from "./libraries/Memory.sol";
import {holderOf} from "./libraries/ExitState.sol";
import {Uncredited} from "./libraries/RiskState.sol";
import {RiskMath} from "./libraries/RiskMath.sol";

interface IPermit {
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
}

/// @notice The door in: what the contract's balance gained is credited.
abstract contract Custody is Payouts, ICustody {
    /// @inheritdoc ICustody
    function deposit(uint8 subaccount, uint256 amount)
        external
        nonReentrant
        returns (uint64 depositId)
    {
        return _deposit(msg.sender, subaccount, amount);
    }

    /// @inheritdoc ICustody
    function depositFor(address owner, uint8 subaccount, uint256 amount)
        external
        nonReentrant
        returns (uint64 depositId)
    {
        return _deposit(owner, subaccount, amount);
    }

    /// @inheritdoc ICustody
    function depositWithPermit(
        uint8 subaccount,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint64 depositId) {
        // Whoever front-runs the permit has set the same allowance; if not, the transfer fails below.
        try IPermit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {}
            catch {}
        return _deposit(msg.sender, subaccount, amount);
    }

    function _deposit(address owner, uint8 subaccount, uint256 amount)
        private
        returns (uint64 depositId)
    {
        // What came in now could never leave by the rules it came in under.
        if (phase & FROZEN != 0) revert IExchangeExit.Frozen();
        // Somebody's money is here: from now on the admin's changes are timelocked.
        if (phase & SEALED == 0) phase |= SEALED;
        if (owner == address(0) || owner == address(this)) revert InvalidOwner(owner);
        uint256 balanceBefore = TOKEN.balanceOf(address(this));
        bool ok =
            _callToken(abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), amount)));
        if (!ok) revert TransferFailed(msg.sender, address(this), amount);
        uint256 received = TOKEN.balanceOf(address(this)) - balanceBefore;
        if (received < MIN_DEPOSIT) revert DepositTooSmall(received, MIN_DEPOSIT);
        uint256 total = deposited + received;
        if (total - withdrawn > MAX_DEPOSITS) {
            revert DepositsAboveLimit(total - withdrawn, MAX_DEPOSITS);
        }
        deposited = uint128(total);

        uint256 slot = accountSlot(owner, subaccount);
        AccountWord word = AccountWord.wrap(loadSlot(slot));
        int256 cash = word.cash() + int256(received);
        if (!RiskMath.signedFits(cash, CASH_BITS)) revert CashOverflow(owner, subaccount, cash);
        storeSlot(slot, AccountWord.unwrap(word.withCash(cash)));

        depositId = ++depositCount;
        Uncredited.note(holderOf(owner, subaccount), depositId, received);
        bytes32 rolled = keccak256(abi.encode(depositHash, depositId, owner, subaccount, received));
        depositHash = rolled;
        emit Deposited(depositId, owner, subaccount, received, rolled);
    }
}
