// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "../../src/interfaces/IERC20.sol";
import {Position} from "../../src/interfaces/IPlumbExchange.sol";
import {ISessionKeys, SessionKey} from "../../src/interfaces/ISessionKeys.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TypeHashes} from "../../src/libraries/TypeHashes.sol";
import {Batches, TestFill, TestOrder} from "../base/Batches.sol";
import {ExitTest} from "../base/ExitTest.sol";
import {OddWallet, Wallet} from "../base/Wallets.sol";

/// @notice Contract wallets trade through a key they stand by once, in ERC-1271.
contract WalletKeysTest is ExitTest {
    uint8 internal constant SESSION_FLAG = 16;
    uint256 internal constant GUARDIAN = 0x6a5d1a17;
    uint256 internal key;
    Wallet internal wallet;

    function setUp() public override {
        super.setUp();
        key = uint256(keccak256("session key"));
        wallet = new Wallet(vm.addr(GUARDIAN));
        usdc.mint(address(wallet), 10_000e6);
        wallet.run(
            address(usdc), abi.encodeCall(IERC20.approve, (address(exchange), type(uint256).max))
        );
        wallet.run(address(exchange), abi.encodeCall(exchange.deposit, (0, 10_000e6)));
    }

    // 15. Right and wrong message, and a wallet that later thinks otherwise.
    function test_wallet_1271_changes_answer() public {
        SessionKey memory t = terms(address(wallet));
        exchange.registerWalletKey(t, byWallet(t), byKey(t));
        settle(trade(1, 10));
        assertEq(position(), 10, "the wallet's position");
        wallet.disown();
        settle(trade(2, 5));
        assertEq(position(), 15, "it is not asked again");
        // It ends its key like anyone, D from now.
        wallet.run(address(exchange), abi.encodeCall(exchange.revokeKey, (t.key)));
        pass(DIRECT_DELAY_S + 1);
        settleRejected(trade(3, 1), BatchCodes.KEY_EXPIRED, isWalletFirst() ? 0 : 1);
    }

    // 2, 15. What nobody stood by.
    function test_wallet_1271_wrong_message() public {
        SessionKey memory t = terms(address(wallet));
        bytes memory signature = byWallet(t);
        t.notional += 1;
        refused(t, signature);
        t.notional -= 1;
        signature[0] ^= 0x01;
        refused(t, signature);
        refused(t, "");
        wallet.disown();
        refused(t, byWallet(t));
        // An address without code has nothing to answer with.
        t.owner = vm.addr(alice);
        refused(t, byWallet(t));
        assertEq(exchange.sessionKey(t.key).owner, address(0), "nothing was registered");
    }

    // 15. The key signs too: a wallet captures nobody's key.
    function test_wallet_1271_needs_the_key() public {
        SessionKey memory t = terms(address(wallet));
        bytes memory signature = byWallet(t);
        bytes32[2] memory none;
        vm.expectRevert(abi.encodeWithSelector(ISessionKeys.InvalidKeySignature.selector, t.key));
        exchange.registerWalletKey(t, signature, none);
        bytes32[2] memory signed = byKey(t);
        exchange.registerWalletKey(t, signature, signed);
        vm.expectRevert(abi.encodeWithSelector(ISessionKeys.KeyUsed.selector, t.key));
        exchange.registerWalletKey(t, signature, signed);
    }

    // 2, 15, 18. Empty, short, other and dirty replies, a revert, burnt gas, a reply of 400 kB, a call back.
    function test_wallet_1271_odd_answers() public {
        SessionKey memory inner = terms(address(wallet));
        bytes memory again =
            abi.encodeCall(exchange.registerWalletKey, (inner, byWallet(inner), byKey(inner)));
        for (uint8 i = 0; i <= uint8(type(OddWallet.Answer).max); ++i) {
            OddWallet odd = new OddWallet(OddWallet.Answer(i), address(exchange), again);
            SessionKey memory t = terms(address(odd));
            bytes32[2] memory signed = byKey(t);
            uint256 before = gasleft();
            vm.expectRevert(
                abi.encodeWithSelector(ISessionKeys.InvalidKeySignature.selector, address(odd))
            );
            exchange.registerWalletKey(t, hex"00", signed);
            assertTrue(before - gasleft() < 500_000, "its gas is capped");
        }
        assertEq(exchange.sessionKey(vm.addr(key)).owner, address(0), "nothing was registered");
    }

    function terms(address owner) internal view returns (SessionKey memory) {
        return SessionKey({
            owner: owner,
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

    function position() internal view returns (int256) {
        (, Position[] memory positions) = exchange.account(address(wallet), 0);
        return positions.length == 0 ? int256(0) : positions[0].size;
    }

    function isWalletFirst() internal view returns (bool) {
        return uint160(address(wallet)) < uint160(vm.addr(bob));
    }

    /// @dev 65 bytes in the order of this wallet, and one more: any length is the wallet's business.
    function byWallet(SessionKey memory t) internal view returns (bytes memory) {
        bytes32 hash = keccak256(abi.encode(TypeHashes.SESSION_KEY, t));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(GUARDIAN, Batches.digest(domain, hash));
        return abi.encodePacked(r, s, uint8(7), v);
    }

    function byKey(SessionKey memory t) internal view returns (bytes32[2] memory signature) {
        bytes32 hash = keccak256(abi.encode(TypeHashes.SESSION_KEY, t));
        (signature[0], signature[1]) = vm.signCompact(key, Batches.digest(domain, hash));
    }

    function refused(SessionKey memory t, bytes memory signature) internal {
        bytes32[2] memory signed = byKey(t);
        vm.expectRevert(abi.encodeWithSelector(ISessionKeys.InvalidKeySignature.selector, t.owner));
        exchange.registerWalletKey(t, signature, signed);
    }

    /// @dev The wallet buys by its key, Bob sells; the table stands in the order of the owners.
    function trade(uint16 lane, uint40 size) internal view returns (bytes memory) {
        TestOrder memory buy = orderOf(key, 0, MARK, size);
        (buy.lane, buy.flags, buy.expiry) = (lane, SESSION_FLAG, type(uint32).max);
        TestOrder memory sell = orderOf(bob, 1, MARK, size);
        (sell.lane, sell.expiry) = (lane, type(uint32).max);
        bool isFirst = isWalletFirst();
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        (orders[0], orders[1]) = isFirst ? (buy, sell) : (sell, buy);
        fills[0] = isFirst ? TestFill(0, 1, size) : TestFill(1, 0, size);
        return fillBatch(orders, fills);
    }
}
