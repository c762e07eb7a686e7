// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestOrder, TestWithdrawal} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice Signed withdrawals in a batch.
contract WithdrawTest is ExchangeTest {
    uint256 internal alice;
    uint256 internal bob;

    event WithdrawalPaid(
        address indexed owner, uint8 subaccount, uint256 amount, uint16 lane, uint32 seq
    );

    function setUp() public override {
        super.setUp();
        uint256[] memory keys = sortedKeys(2);
        (alice, bob) = (keys[0], keys[1]);
        deposit(alice, 1_000e6);
        deposit(bob, 1e12);
    }

    function open(uint40 size) internal {
        settle(pair(orderOf(alice, 0, MARK, size), orderOf(bob, 1, MARK, size), size));
    }

    function test_withdrawal_pays_the_signer() public {
        settle(withdrawBatch(withdrawalOf(alice, 400e6)));
        assertEq(usdc.balanceOf(vm.addr(alice)), 400e6, "paid");
        assertEq(cashOf(alice), 600e6, "cash");
        assertEq(exchange.totals().withdrawals, 400e6, "withdrawals");
        (uint32 seq, uint64 filled) = exchange.lane(vm.addr(alice), 0, 9);
        assertEq(seq, 1, "seq");
        assertEq(filled, type(uint40).max, "the lane is consumed whole");
    }

    // 41. Neither redirected nor repeated: the signer is paid, once.
    function test_withdraw_redirect() public {
        bytes memory batch = withdrawBatch(withdrawalOf(alice, 400e6));
        settle(batch);
        settleRejected(withdrawBatch(withdrawalOf(alice, 400e6)), BatchCodes.LANE_SPENT, 0);
        TestWithdrawal memory lower = withdrawalOf(alice, 100e6);
        lower.seq = 0;
        settleRejected(withdrawBatch(lower), BatchCodes.INVALID_LANE, 0);
        // An order of the same lane and number has no room left.
        TestOrder memory order = orderOf(alice, 0, MARK, 1);
        order.lane = 9;
        settleRejected(pair(order, orderOf(bob, 1, MARK, 1), 1), BatchCodes.OVERFILLED, 0);
    }

    // 41. Any signed byte changed pays nobody.
    function testFuzz_withdraw_tamper(uint256 bit) public {
        bytes memory batch = withdrawBatch(withdrawalOf(alice, 400e6));
        uint256 place = 60 + 5 + 2 + bound(bit, 0, 83 * 8 - 1) / 8;
        batch[place] = bytes1(uint8(batch[place]) ^ uint8(1 << (bit % 8)));
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "a tampered withdrawal paid");
    }

    // 40. Everything above initial margin, and not a unit more.
    function testFuzz_withdraw_under_position(uint40 size, uint64 over) public {
        size = uint40(bound(size, 1, 3_000));
        open(size);
        uint256 margin = (uint256(MARK) * size * QUOTE * 500 + 9_999) / 10_000;
        int256 value = int256(uint256(MARK) * size * QUOTE);
        uint256 free = uint256(cashOf(alice) + value - int256(margin));
        over = uint64(bound(over, 1, 1e9));
        settleRejected(
            withdrawBatch(withdrawalOf(alice, uint64(free) + over)), BatchCodes.NOT_SETTLEABLE, 0
        );
        settle(withdrawBatch(withdrawalOf(alice, uint64(free))));
        TestWithdrawal memory more = withdrawalOf(alice, 1);
        more.seq = 2;
        settleRejected(withdrawBatch(more), BatchCodes.NOT_SETTLEABLE, 0);
    }

    // 40. Two withdrawals of one batch see each other.
    function test_two_withdrawals_race() public {
        TestWithdrawal memory second = withdrawalOf(alice, 600e6);
        second.lane = 10;
        bytes memory body = bytes.concat(
            abi.encodePacked(uint16(2)),
            Batches.withdrawal(domain, withdrawalOf(alice, 600e6)),
            Batches.withdrawal(domain, second)
        );
        settleRejected(oneSegment(Batches.KIND_WITHDRAW, body), BatchCodes.NOT_SETTLEABLE, 1);
    }

    // A withdrawal settles the funding of every market first.
    function test_withdrawal_settles_funding() public {
        open(1_000);
        pass(3600);
        settle(fundingBatch(FIXED, 10_000_000_000)); // 10,000 micro-USDC a lot
        settle(withdrawBatch(withdrawalOf(alice, 1e6)));
        assertEq(exchange.market(FIXED).fundingPool, 10_000_000, "pool");
        assertEq(
            cashOf(alice), 1_000e6 - 6_000e6 - 2_700_000 - 10_000_000 - 1e6, "cash after funding"
        );
    }

    function test_invalid_withdrawals() public {
        settleRejected(withdrawBatch(withdrawalOf(alice, 0)), BatchCodes.ZERO_AMOUNT, 0);
        TestWithdrawal memory bad = withdrawalOf(alice, 1);
        bad.lane = 1024;
        settleRejected(withdrawBatch(bad), BatchCodes.INVALID_LANE, 0);
        bad = withdrawalOf(alice, 1);
        bad.expiry = uint32(nowS - 1);
        settleRejected(withdrawBatch(bad), BatchCodes.EXPIRED, 0);
        settleRejected(withdrawBatch(withdrawalOf(traderKey(55), 1)), BatchCodes.NOT_SETTLEABLE, 0);
    }

    // 26. A donation pays nobody: what may leave is what came in.
    function test_donation() public {
        usdc.transfer(address(exchange), 1e15);
        assertEq(exchange.totals().deposits, 1_000e6 + 1e12, "deposits");
        deposit(traderKey(1000), 1e6);
        // Bob gains on paper far more than all deposits; the paper cannot leave.
        setMark(MARK);
        TestOrder memory long = orderOf(bob, 0, MARK, 1e5);
        TestOrder memory short = orderOf(traderKey(1000), 1, MARK, 1e5);
        (long.market, short.market) = (OBSERVED, OBSERVED);
        (bool ok,) =
            address(exchange).call(abi.encodeCall(exchange.settle, (pair(long, short, 1e5))));
        assertTrue(!ok, "an unfunded short opened");
    }

    function test_custody_short() public {
        uint256 whale = traderKey(2000);
        deposit(whale, 1e12);
        uint256 total = exchange.totals().deposits;
        setMark(MARK);
        TestOrder memory long = orderOf(bob, 0, MARK, 1e6);
        TestOrder memory short = orderOf(whale, 1, MARK, 1e6);
        (long.market, short.market) = (OBSERVED, OBSERVED);
        settle(pair(long, short, 1e6));
        setMark(618_000);
        setMark(636_000);
        setMark(655_000);
        setMark(674_000);
        setMark(694_000);
        setMark(900_000); // bob is up 3,000,000 USDC; nobody has that much
        vm.warp(nowS);
        TestWithdrawal memory all = withdrawalOf(bob, uint64(total + 1));
        settleRejected(withdrawBatch(all), BatchCodes.CUSTODY_SHORT, 0);
    }
}
