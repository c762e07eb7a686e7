// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {ISessionKeys, SessionKey} from "../../src/interfaces/ISessionKeys.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TypeHashes} from "../../src/libraries/TypeHashes.sol";
import {Batches, TestFill, TestOrder} from "../base/Batches.sol";
import {ExitTest} from "../base/ExitTest.sol";

/// @notice Keys that trade for Alice within limits, and do nothing else.
contract SessionKeysTest is ExitTest {
    uint8 internal constant SESSION_FLAG = 16;
    uint256 internal constant PER_LOT = uint256(MARK) * QUOTE;
    uint256 internal key;

    function setUp() public override {
        super.setUp();
        key = uint256(keccak256("session key"));
    }

    function test_a_key_trades_for_its_owner() public {
        register(terms());
        settle(withKey(keyed(1, 10), other(1, 10), 10));
        assertEq(sizeOf(alice, FIXED), 10, "the owner's position");
        (, uint64 filled) = exchange.lane(vm.addr(alice), 0, 1);
        assertEq(filled, 10, "the owner's lane");
        assertEq(exchange.sessionKey(vm.addr(key)).notional, 1e12 - 10 * PER_LOT, "counted");
        // Two keys' orders and an own one, in one run of the account.
        TestOrder memory own = orderOf(alice, 0, MARK, 5);
        (own.lane, own.seq) = (2, 1);
        settle(pair(own, other(2, 5), 5));
        assertEq(sizeOf(alice, FIXED), 15, "beside her own orders");
    }

    // 14. Both sign, or nobody captures anybody's key; each key once, for ever.
    function test_key_abuse_registration() public {
        SessionKey memory t = terms();
        bytes32[2] memory none;
        bytes32[2] memory byKey = signed(key, t);
        vm.expectRevert(badSignature(alice));
        exchange.registerKey(t, byKey, byKey);
        vm.expectRevert(badSignature(key));
        exchange.registerKey(t, signed(alice, t), none);
        // Terms that nobody signed.
        bytes32[2] memory byOwner = signed(alice, t);
        t.notional += 1;
        vm.expectRevert(badSignature(alice));
        exchange.registerKey(t, byOwner, byKey);
        // Bob brings Alice's key under his own name: the key has not signed that.
        t = terms();
        t.owner = vm.addr(bob);
        vm.expectRevert(badSignature(key));
        exchange.registerKey(t, signed(bob, t), byKey);
        register(terms());
        t = terms();
        vm.expectRevert(abi.encodeWithSelector(ISessionKeys.KeyUsed.selector, vm.addr(key)));
        exchange.registerKey(t, signed(alice, t), signed(key, t));
    }

    function test_the_owner_itself_needs_no_signature() public {
        SessionKey memory t = terms();
        bytes32[2] memory none;
        bytes32[2] memory byKey = signed(key, t);
        vm.prank(vm.addr(alice));
        exchange.registerKey(t, none, byKey);
        settle(withKey(keyed(1, 1), other(1, 1), 1));
    }

    function test_terms_are_checked() public {
        SessionKey memory t = terms();
        t.owner = address(0);
        registerRefused(t, "owner");
        t = terms();
        t.key = address(0);
        registerRefused(t, "key");
        t.key = t.owner;
        registerRefused(t, "key");
        t = terms();
        t.expiry = uint32(nowS - 1);
        registerRefused(t, "expiry");
        t.expiry = uint32(nowS + 35 days + 1);
        registerRefused(t, "expiry");
        t = terms();
        t.notional = 1 << 48;
        registerRefused(t, "notional");
        t = terms();
        t.expiry = uint32(nowS + 35 days);
        register(t);
        SessionKey memory kept = exchange.sessionKey(t.key);
        assertEq(keccak256(abi.encode(kept)), keccak256(abi.encode(t)), "as signed");
    }

    // 14. Every limit, one beyond it.
    function test_key_abuse_limits() public {
        rejected(keyed(1, 1), BatchCodes.UNKNOWN_KEY);
        SessionKey memory t = terms();
        t.maxPosition = 30;
        t.notional = uint64(50 * PER_LOT);
        t.maxOrderNotional = uint64(40 * PER_LOT);
        register(t);
        setMark(MARK);
        TestOrder memory order = keyed(1, 1);
        order.market = OBSERVED;
        TestOrder memory seller = other(1, 1);
        seller.market = OBSERVED;
        settleRejected(withKey(order, seller, 1), BatchCodes.KEY_MARKET, 0);
        order = keyed(1, 1);
        order.subaccount = 1;
        rejected(order, BatchCodes.KEY_SUBACCOUNT);
        rejected(keyed(1, 41), BatchCodes.KEY_ORDER_NOTIONAL);
        settleRejected(withKey(keyed(1, 40), other(1, 40), 31), BatchCodes.KEY_POSITION, 0);
        settle(withKey(keyed(1, 40), other(1, 40), 30));
        // Down is allowed whatever the limit of the position, up is not; and all of it counts.
        trade(FIXED, alice, bob, 10);
        TestOrder memory down = keyed(1, 15);
        (down.seq, down.side) = (2, 1);
        TestOrder memory buyer = other(2, 15);
        buyer.side = 0;
        settle(withKey(down, buyer, 15));
        assertEq(sizeOf(alice, FIXED), 25, "reduced");
        TestOrder memory more = keyed(3, 5);
        settle(withKey(more, other(3, 5), 5));
        assertEq(exchange.sessionKey(t.key).notional, 0, "spent");
        rejected(keyed(4, 1), BatchCodes.KEY_NOTIONAL);
    }

    // 14. A flip is growth on the other side.
    function test_key_abuse_flip() public {
        SessionKey memory t = terms();
        t.maxPosition = 30;
        register(t);
        trade(FIXED, alice, bob, 100);
        TestOrder memory flip = keyed(1, 200);
        flip.side = 1;
        TestOrder memory buyer = other(1, 200);
        buyer.side = 0;
        settleRejected(withKey(flip, buyer, 200), BatchCodes.KEY_POSITION, 0);
        settleRejected(withKey(flip, buyer, 131), BatchCodes.KEY_POSITION, 0);
        settle(withKey(flip, buyer, 130));
        assertEq(sizeOf(alice, FIXED), -30, "within the limit");
    }

    // 14, 50. To the second; a revocation works D later, never earlier than what was matched.
    function test_key_abuse_expired_and_revoked() public {
        SessionKey memory t = terms();
        t.expiry = uint32(nowS + 1 days);
        register(t);
        vm.expectRevert(
            abi.encodeWithSelector(ISessionKeys.NotKeyOwner.selector, vm.addr(bob), vm.addr(alice))
        );
        vm.prank(vm.addr(bob));
        exchange.revokeKey(t.key);
        vm.prank(vm.addr(alice));
        exchange.revokeKey(t.key);
        pass(DIRECT_DELAY_S);
        settle(withKey(keyed(1, 1), other(1, 1), 1));
        pass(1);
        rejected(keyed(2, 1), BatchCodes.KEY_EXPIRED);
        // A revocation never lengthens a key's life.
        vm.prank(vm.addr(alice));
        exchange.revokeKey(t.key);
        assertEq(exchange.sessionKey(t.key).expiry, nowS - 1, "over");
    }

    // 14, R18. A key can neither withdraw nor ask for anything of its owner's: it is itself, with nothing.
    function test_key_abuse_custody() public {
        SessionKey memory t = terms();
        t.allSubaccounts = true;
        register(t);
        settleRejected(withdrawBatch(withdrawalOf(key, 1)), BatchCodes.NOT_SETTLEABLE, 0);
        requestWithdraw(key, 1);
        assertEq(exchange.withdrawRequest(vm.addr(alice), 0).amount, 0, "not hers");
        pass(DIRECT_DELAY_S);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.NothingFree.selector, t.key, 0));
        exchange.claimWithdraw(t.key, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.InvalidReduction.selector, FIXED, 1, 0)
        );
        forceReduce(key, FIXED, 1, 1);
        // It registers no further keys for its owner.
        SessionKey memory further = terms();
        further.key = trader(9);
        vm.prank(t.key);
        bytes32[2] memory byKey = signed(key, further);
        vm.expectRevert(badSignature(alice));
        exchange.registerKey(further, byKey, signed(traderKey(9), further));
    }

    // 14, 63. A key that is an account: its own orders are its own, the flagged ones its owner's.
    function test_key_abuse_two_hats() public {
        register(terms());
        deposit(key, 1_000e6);
        TestOrder memory own = orderOf(key, 0, MARK, 3);
        own.lane = 1;
        settle(pair(own, orderOf(bob, 1, MARK, 3), 3));
        assertEq(sizeOf(key, FIXED), 3, "its own");
        assertEq(sizeOf(alice, FIXED), 0, "not hers");
        settle(withKey(keyed(1, 2), other(5, 2), 2));
        assertEq(sizeOf(alice, FIXED), 2, "hers");
        assertEq(sizeOf(key, FIXED), 3, "not its own");
    }

    // 14, 9. The flag is signed: an operator cannot turn an own order into the owner's, or back.
    function test_key_abuse_flag() public {
        register(terms());
        deposit(key, 1_000e6);
        bytes memory batch = withKey(keyed(1, 1), other(1, 1), 1);
        uint256 place = 60 + 5 + 2 + 64 + 2; // sideFlags of the first order
        batch[place] = bytes1(uint8(batch[place]) ^ 0x20);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "turned");
    }

    // Fills of one segment count together.
    function testFuzz_notional_is_never_exceeded(uint40[6] calldata sizes) public {
        SessionKey memory t = terms();
        t.notional = uint64(100 * PER_LOT);
        register(t);
        uint256 filled = 0;
        for (uint16 i = 0; i < 6; ++i) {
            uint40 size = uint40(bound(sizes[i], 1, 60));
            bytes memory batch = withKey(keyed(i + 1, size), other(i + 1, size), size);
            if (filled + size > 100) {
                settleRejected(batch, BatchCodes.KEY_NOTIONAL, 0);
            } else {
                settle(batch);
                filled += size;
            }
        }
        assertEq(exchange.sessionKey(t.key).notional, (100 - filled) * PER_LOT, "left");
    }

    // 14. A key's orders beside each other and the owner's own, in one segment.
    function test_key_abuse_several_orders() public {
        SessionKey memory t = terms();
        t.maxPosition = 30;
        register(t);
        TestOrder[] memory orders = new TestOrder[](4);
        TestFill[] memory fills = new TestFill[](3);
        orders[0] = orderOf(alice, 0, MARK, 10);
        orders[0].takerFee = 0;
        (orders[1], orders[2]) = (keyed(1, 10), keyed(2, 10));
        orders[3] = other(1, 31);
        for (uint16 i = 0; i < 3; ++i) {
            fills[i] = TestFill(i, 3, 10);
        }
        settle(fillBatch(orders, fills));
        assertEq(sizeOf(alice, FIXED), 30, "all three");
        assertEq(exchange.sessionKey(t.key).notional, 1e12 - 20 * PER_LOT, "the key's two");
    }

    function terms() internal view returns (SessionKey memory) {
        return SessionKey({
            owner: vm.addr(alice),
            key: vm.addr(key),
            subaccount: 0,
            allSubaccounts: false,
            expiry: uint32(nowS + 7 days),
            notional: 1e12,
            markets: uint64(1 << FIXED),
            maxPosition: 1e6,
            maxOrderNotional: 1e12
        });
    }

    function keyed(uint16 lane, uint40 size) internal view returns (TestOrder memory made) {
        made = orderOf(key, 0, MARK, size);
        (made.lane, made.flags, made.expiry) = (lane, SESSION_FLAG, type(uint32).max);
    }

    function other(uint16 lane, uint40 size) internal view returns (TestOrder memory made) {
        made = orderOf(bob, 1, MARK, size);
        (made.lane, made.expiry) = (lane, type(uint32).max);
    }

    function rejected(TestOrder memory order, uint8 code) internal {
        settleRejected(withKey(order, other(9, order.size), order.size), code, 0);
    }

    /// @dev The table is sorted by the resolved owner: Alice stands first, whatever her key's address.
    function withKey(TestOrder memory first, TestOrder memory second, uint40 quantity)
        internal
        view
        returns (bytes memory)
    {
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        (orders[0], orders[1]) = (first, second);
        fills[0] = TestFill(0, 1, quantity);
        return fillBatch(orders, fills);
    }

    function signed(uint256 signer, SessionKey memory t)
        internal
        view
        returns (bytes32[2] memory signature)
    {
        bytes32 hash = keccak256(abi.encode(TypeHashes.SESSION_KEY, t));
        (signature[0], signature[1]) = vm.signCompact(signer, Batches.digest(domain, hash));
    }

    function register(SessionKey memory t) internal {
        exchange.registerKey(t, signed(alice, t), signed(key, t));
    }

    function registerRefused(SessionKey memory t, string memory field) internal {
        bytes32[2] memory none;
        vm.expectRevert(abi.encodeWithSelector(ISessionKeys.InvalidKey.selector, field));
        exchange.registerKey(t, none, none);
    }

    function badSignature(uint256 signer) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISessionKeys.InvalidKeySignature.selector, vm.addr(signer));
    }
}
