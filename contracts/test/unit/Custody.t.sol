// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeBase, IPlumbExchange} from "../../src/interfaces/IPlumbExchange.sol";
import {TypeHashes} from "../../src/libraries/TypeHashes.sol";
import {Batches} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";
import {OddToken} from "../base/OddToken.sol";

/// @notice Deposits, and tokens that behave oddly.
contract CustodyTest is ExchangeTest {
    function test_deposit_credits_and_chains() public {
        bytes32 hash = bytes32(0);
        for (uint64 i = 1; i <= 3; ++i) {
            address owner = trader(i);
            uint64 id = exchange.depositFor(owner, uint8(i), i * 1e6);
            assertEq(id, i, "contiguous");
            hash = keccak256(abi.encode(hash, i, owner, uint8(i), uint256(i) * 1e6));
            (uint64 last, bytes32 rolled) = exchange.lastDeposit();
            assertEq(last, i, "last id");
            assertEq(rolled, hash, "rolling hash");
            (int256 cash,) = exchange.account(owner, uint8(i));
            assertEq(cash, int256(uint256(i)) * 1e6, "cash");
        }
        assertEq(exchange.totals().deposits, 6e6, "deposits");
        assertEq(exchange.totals().tokenBalance, 6e6, "balance");
    }

    function test_own_deposit_goes_to_the_caller() public {
        exchange.deposit(7, 5e6);
        (int256 cash,) = exchange.account(address(this), 7);
        assertEq(cash, 5e6, "cash");
    }

    function test_deposit_limits() public {
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeBase.DepositTooSmall.selector, USDC - 1, USDC)
        );
        exchange.deposit(0, USDC - 1);
        exchange.deposit(0, USDC);
        uint256 room = 9e15 - USDC;
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeBase.DepositsAboveLimit.selector, 9e15 + 1, 9e15)
        );
        exchange.deposit(0, room + 1);
        exchange.deposit(0, room);
    }

    function test_invalid_owner() public {
        vm.expectRevert(abi.encodeWithSelector(IExchangeBase.InvalidOwner.selector, address(0)));
        exchange.depositFor(address(0), 0, 1e6);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeBase.InvalidOwner.selector, address(exchange))
        );
        exchange.depositFor(address(exchange), 0, 1e6);
    }

    function test_deposit_without_money() public {
        vm.prank(trader(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeBase.TransferFailed.selector, trader(1), address(exchange), 1e6
            )
        );
        exchange.deposit(0, 1e6);
    }

    function test_permit() public {
        uint256 key = traderKey(3);
        address owner = vm.addr(key);
        usdc.mint(owner, 9e6);
        uint256 deadline = nowS;
        bytes32 hash = keccak256(
            abi.encode(
                TypeHashes.PERMIT, owner, address(exchange), 9e6, usdc.nonces(owner), deadline
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, Batches.digest(usdc.DOMAIN_SEPARATOR(), hash));
        vm.prank(owner);
        exchange.depositWithPermit(1, 9e6, deadline, v, r, s);
        (int256 cash,) = exchange.account(owner, 1);
        assertEq(cash, 9e6, "cash");
        // The same permit again: worthless, and the allowance is gone.
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeBase.TransferFailed.selector, owner, address(exchange), 9e6
            )
        );
        exchange.depositWithPermit(1, 9e6, deadline, v, r, s);
    }

    // 24. Accounts share no slot: deposits to any two of them stay apart.
    function testFuzz_slot_clash(address a, uint8 subA, address b, uint8 subB, uint64 amount)
        public
    {
        vm.assume(a != address(0) && b != address(0) && a != address(exchange));
        vm.assume(b != address(exchange) && (a != b || subA != subB));
        amount = uint64(bound(amount, USDC, 1e15));
        exchange.depositFor(a, subA, amount);
        exchange.depositFor(b, subB, USDC);
        (int256 cash,) = exchange.account(a, subA);
        assertEq(cash, int256(uint256(amount)), "first");
        (cash,) = exchange.account(b, subB);
        assertEq(cash, int256(uint256(USDC)), "second");
        assertEq(exchange.admin(), address(this), "ordinary storage");
        assertEq(exchange.market(FIXED).mark, MARK, "market");
    }

    // 25. Only what arrives is credited.
    function test_token_with_fee() public {
        OddToken token = new OddToken(6);
        IPlumbExchange odd = deployExchange(address(token));
        token.setFee(10);
        odd.deposit(0, 100e6);
        (int256 cash,) = odd.account(address(this), 0);
        assertEq(cash, 90e6, "credited");
        assertEq(odd.totals().tokenBalance, 90e6, "held");
    }

    // 25. Tokens without a return value work; a false answer or a pause fails by name.
    function test_token_answers() public {
        OddToken token = new OddToken(6);
        IPlumbExchange odd = deployExchange(address(token));
        token.setAnswer(OddToken.Answer.Nothing);
        odd.deposit(0, 100e6);
        token.setAnswer(OddToken.Answer.False);
        vm.expectPartialRevert(IExchangeBase.TransferFailed.selector);
        odd.deposit(0, 100e6);
        token.setAnswer(OddToken.Answer.Revert);
        vm.expectPartialRevert(IExchangeBase.TransferFailed.selector);
        odd.deposit(0, 100e6);
    }

    // 25. Six decimals or none.
    function testFuzz_token_decimals(uint8 decimals) public {
        vm.assume(decimals != 6);
        OddToken token = new OddToken(decimals);
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeBase.UnsupportedToken.selector, address(token), decimals
            )
        );
        this.deployFor(address(token));
    }

    function deployFor(address token) external {
        deployExchange(token);
    }

    // 18. A token that calls back during a transfer finds every door shut.
    function test_reentrancy() public {
        OddToken token = new OddToken(6);
        IPlumbExchange odd = deployExchange(address(token));
        odd.setRelayer(address(token), true);
        token.attack(address(odd), abi.encodeCall(odd.deposit, (0, 1e6)));
        odd.deposit(0, 100e6);
        assertTrue(token.refused(), "deposit re-entered");
        token.attack(address(odd), abi.encodeCall(odd.settle, (Batches.header(1, 1, 0))));
        odd.deposit(0, 100e6);
        assertTrue(token.refused(), "settle re-entered");
        (int256 cash,) = odd.account(address(this), 0);
        assertEq(cash, 200e6, "cash");
    }

    function test_test_money_only_on_devnets() public {
        vm.chainId(1);
        (bool ok,) = address(this).call(abi.encodeCall(this.deployToken, ()));
        assertTrue(!ok, "test money on a real chain");
    }

    function deployToken() external {
        deploy("TestUsdc.sol:TestUsdc", "");
    }
}
