// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SessionKey} from "../../src/interfaces/ISessionKeys.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TypeHashes} from "../../src/libraries/TypeHashes.sol";
import {Batches, TestOrder} from "../base/Batches.sol";
import {RiskTest} from "../base/RiskTest.sol";

/// @notice What a session key and a cancel-all on-chain mean outside of fills: for makers of liquidations, for activations
/// and for transfers.
contract RiskKeysTest is RiskTest {
    uint8 private constant SESSION_FLAG = 16;
    uint256 private constant PER_LOT = uint256(SICK_MARK) * QUOTE;
    uint256 private key;

    function setUp() public override {
        super.setUp();
        key = uint256(keccak256("session key"));
    }

    // 14. The key's owner makes, with the owner's money and lane; the key is counted and stays nobody.
    function test_key_makes_for_its_owner_in_a_liquidation() public {
        SessionKey memory t = register(carol);
        setMark(SICK_MARK);
        TestOrder memory maker = keyedBid(SICK_MARK, 3_000);
        settle(liquidation(alice, maker, 1_000));
        assertEq(sizeOf(carol, OBSERVED), 1_000, "the owner's position");
        assertEq(sizeOf(key, OBSERVED), 0, "not the key's");
        (, uint64 filled) = exchange.lane(vm.addr(carol), 0, 5);
        assertEq(filled, 1_000, "the owner's lane");
        assertEq(exchange.sessionKey(t.key).notional, t.notional - 1_000 * PER_LOT, "counted");
        assertConserved();
    }

    // 14. An address that is a key and has money of its own: the flagged order never touches that.
    function test_key_abuse_two_hats_in_a_liquidation() public {
        register(carol);
        deposit(key, 1_000e6);
        setMark(SICK_MARK);
        settle(liquidation(alice, keyedBid(SICK_MARK, 10), 10));
        assertEq(cashOf(key), 1_000e6, "its own money");
        assertEq(sizeOf(carol, OBSERVED), 10, "the owner's position");
    }

    // 14. Every limit of the key, one beyond it, in a liquidation.
    function test_key_abuse_in_a_liquidation() public {
        setMark(SICK_MARK);
        refusedMaker(keyedBid(SICK_MARK, 10), 10, BatchCodes.UNKNOWN_KEY);
        SessionKey memory t = terms(carol);
        t.maxPosition = 30;
        t.notional = uint64(50 * PER_LOT);
        t.maxOrderNotional = uint64(40 * PER_LOT);
        t.expiry = uint32(nowS + 500);
        registered(carol, t);
        refusedMaker(keyedBid(SICK_MARK, 41), 10, BatchCodes.KEY_ORDER_NOTIONAL);
        refusedMaker(keyedBid(SICK_MARK, 40), 31, BatchCodes.KEY_POSITION);
        TestOrder memory maker = keyedBid(SICK_MARK, 10);
        maker.subaccount = 1;
        refusedMaker(maker, 10, BatchCodes.KEY_SUBACCOUNT);
        settle(liquidation(alice, keyedBid(SICK_MARK, 40), 30));
        open(bob, 0, carol, 25, SICK_MARK); // makes room for a position, not for more notional
        refusedMaker(keyedBid(SICK_MARK, 21), 21, BatchCodes.KEY_NOTIONAL);
        settle(liquidation(alice, keyedBid(SICK_MARK, 20), 20));
        assertEq(exchange.sessionKey(t.key).notional, 0, "spent");
        maker = keyedBid(SICK_MARK, 1);
        pass(501);
        setMark(SICK_MARK);
        refusedMaker(maker, 1, BatchCodes.KEY_EXPIRED);
    }

    function test_key_abuse_market_in_a_liquidation() public {
        SessionKey memory t = terms(carol);
        t.markets = uint64(1 << FIXED);
        registered(carol, t);
        setMark(SICK_MARK);
        refusedMaker(keyedBid(SICK_MARK, 10), 10, BatchCodes.KEY_MARKET);
    }

    // 14, 36. A victim does not liquidate itself through its own key.
    function test_key_abuse_own_liquidation() public {
        register(alice);
        setMark(SICK_MARK);
        refusedMaker(keyedBid(SICK_MARK, 10), 10, BatchCodes.SAME_ACCOUNT);
    }

    // 14. An activation by a key stands in the owner's lane, and only where the key may trade.
    function test_key_abuse_activation() public {
        TestOrder memory order = keyedBid(620_000, 100);
        (order.kind, order.trigger) = (1, MARK);
        settleRejected(activation(order), BatchCodes.UNKNOWN_KEY, 0);
        SessionKey memory t = terms(carol);
        t.expiry = uint32(nowS + 500);
        registered(carol, t);
        settle(activation(order));
        (uint32 seq, uint64 filled) = exchange.lane(vm.addr(carol), 0, 5);
        assertEq(seq, order.seq, "the owner's lane");
        assertEq(filled, 0, "nothing filled");
        (seq,) = exchange.lane(t.key, 0, 5);
        assertEq(seq, 0, "not the key's");
        assertEq(exchange.sessionKey(t.key).notional, t.notional, "costs the key nothing");
        // The owner's lane proves the trigger in a later batch, whatever the mark.
        setMark(SICK_MARK);
        settle(liquidation(alice, order, 10));
        assertEq(sizeOf(carol, OBSERVED), 10, "filled for its owner");
        order = keyedBid(620_000, 100);
        (order.kind, order.trigger, order.subaccount) = (1, SICK_MARK, 1);
        settleRejected(activation(order), BatchCodes.KEY_SUBACCOUNT, 0);
        order.subaccount = 0;
        pass(501);
        setMark(SICK_MARK);
        settleRejected(activation(order), BatchCodes.KEY_EXPIRED, 0);
    }

    // 14. A stop order of a key, in a fill: the lane that proves its trigger is the owner's, never the key's own.
    function test_key_abuse_trigger() public {
        register(carol);
        deposit(key, 1_000e6);
        TestOrder memory order = bid(key, 620_000, 100);
        (order.kind, order.trigger) = (1, MARK);
        settle(activation(order)); // for the key's own account
        setMark(SICK_MARK);
        order.flags = SESSION_FLAG;
        settleRejected(liquidation(alice, order, 10), BatchCodes.NOT_TRIGGERED, 0);
        TestOrder memory maker = orderOf(bob, 1, SICK_MARK, 10);
        maker.market = OBSERVED;
        settleRejected(
            pair(order, maker, 10), BatchCodes.NOT_TRIGGERED, vm.addr(key) < vm.addr(bob) ? 0 : 1
        );
    }

    // 50. What a cancel-all on-chain has ended makes in no liquidation, activates and moves nothing.
    function test_cancel_all_reaches_risk_segments() public {
        vm.prank(vm.addr(carol));
        exchange.requestCancelAll(0, 100);
        TestOrder memory maker = bid(carol, SICK_MARK, 10);
        TestOrder memory stop = bid(carol, 620_000, 10);
        (stop.kind, stop.trigger, stop.lane) = (1, SICK_MARK, 6);
        (maker.seq, stop.seq) = (99, 99);
        pass(DIRECT_DELAY_S);
        (maker.expiry, stop.expiry) = (type(uint32).max, type(uint32).max);
        setMark(SICK_MARK);
        settleRejected(liquidation(alice, maker, 10), BatchCodes.LANE_SPENT, 0);
        settleRejected(activation(stop), BatchCodes.LANE_SPENT, 0);
        moneyRefused(KIND_TRANSFERS, moneyBody(false, carol, 0, 1, 1e6, 99));
        moneyRefused(KIND_INSURANCE, moneyBody(true, carol, 0, OBSERVED, 1e6, 99));
        (maker.seq, stop.seq) = (100, 100);
        settle(liquidation(alice, maker, 10));
        settle(activation(stop));
        settle(oneSegment(KIND_TRANSFERS, moneyBody(false, carol, 0, 1, 1e6, 100)));
        settle(oneSegment(KIND_INSURANCE, moneyBody(true, carol, 0, OBSERVED, 1e6, 101)));
    }

    function moneyRefused(uint8 kind, bytes memory body) private {
        settleRejected(oneSegment(kind, body), BatchCodes.LANE_SPENT, 0);
    }

    function refusedMaker(TestOrder memory maker, uint40 quantity, uint8 code) private {
        settleRejected(liquidation(alice, maker, quantity), code, 0);
    }

    function keyedBid(uint32 price, uint40 size) private returns (TestOrder memory made) {
        made = bid(key, price, size);
        (made.flags, made.expiry) = (SESSION_FLAG, type(uint32).max);
    }

    function activation(TestOrder memory order) private view returns (bytes memory) {
        return oneSegment(
            KIND_ACTIVATIONS,
            bytes.concat(abi.encodePacked(uint16(1)), Batches.order(domain, TICK_E8, LOT_E8, order))
        );
    }

    function terms(uint256 owner) private view returns (SessionKey memory) {
        return SessionKey({
            owner: vm.addr(owner),
            key: vm.addr(key),
            subaccount: 0,
            allSubaccounts: false,
            expiry: uint32(nowS + 7 days),
            notional: 1e13,
            markets: type(uint64).max,
            maxPosition: 1e6,
            maxOrderNotional: 1e13
        });
    }

    function register(uint256 owner) private returns (SessionKey memory t) {
        t = terms(owner);
        registered(owner, t);
    }

    function registered(uint256 owner, SessionKey memory t) private {
        exchange.registerKey(t, signed(owner, t), signed(key, t));
    }

    function signed(uint256 signer, SessionKey memory t)
        private
        view
        returns (bytes32[2] memory signature)
    {
        bytes32 hash = keccak256(abi.encode(TypeHashes.SESSION_KEY, t));
        (signature[0], signature[1]) = vm.signCompact(signer, Batches.digest(domain, hash));
    }
}
