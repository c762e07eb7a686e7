// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {IERC20} from "./interfaces/IERC20.sol";
import {IPlumbExchange} from "./interfaces/IPlumbExchange.sol";
import {AccountWord, CASH_BITS, accountSlot} from "./libraries/AccountWord.sol";
import {loadSlot, storeSlot} from "./libraries/Memory.sol";
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

/// @notice The only door of the collateral: in by deposits, out to the owner of an account.
abstract contract Custody is ExchangeStorage {
    /// @inheritdoc IPlumbExchange
    function deposit(uint8 subaccount, uint256 amount)
        external
        nonReentrant
        returns (uint64 depositId)
    {
        return _deposit(msg.sender, subaccount, amount);
    }

    /// @inheritdoc IPlumbExchange
    function depositFor(address owner, uint8 subaccount, uint256 amount)
        external
        nonReentrant
        returns (uint64 depositId)
    {
        return _deposit(owner, subaccount, amount);
    }

    /// @inheritdoc IPlumbExchange
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

    /// @inheritdoc IPlumbExchange
    function lastDeposit() external view returns (uint64 depositId, bytes32 rollingHash) {
        return (depositCount, depositHash);
    }

    function _deposit(address owner, uint8 subaccount, uint256 amount)
        private
        returns (uint64 depositId)
    {
        if (owner == address(0) || owner == address(this)) revert InvalidOwner(owner);
        uint256 balanceBefore = TOKEN.balanceOf(address(this));
        bool ok = _call(abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), amount)));
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
        bytes32 rolled = keccak256(abi.encode(depositHash, depositId, owner, subaccount, received));
        depositHash = rolled;
        emit Deposited(depositId, owner, subaccount, received, rolled);
    }

    /// @dev Pays `amount` out of the custody; the caller has debited the account.
    function _pay(address owner, uint256 amount) internal {
        bool ok = _call(abi.encodeCall(IERC20.transfer, (owner, amount)));
        if (!ok) revert TransferFailed(address(this), owner, amount);
    }

    // Tokens that return nothing and tokens that return true are both accepted.
    function _call(bytes memory data) private returns (bool ok) {
        bytes memory answer;
        (ok, answer) = address(TOKEN).call(data);
        return ok && (answer.length == 0 || abi.decode(answer, (bool)));
    }
}
