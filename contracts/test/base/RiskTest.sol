// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TypeHashes} from "../../src/libraries/TypeHashes.sol";
import {Batches, TestOrder} from "./Batches.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

/// @notice Accounts below maintenance margin: alice is 3,000 lots long in the observed market with 1,000 USDC, bob is
/// short against her, carol has money. At 580,000 alice has 400 USDC of equity and needs 435.
abstract contract RiskTest is ExchangeTest {
    uint8 internal constant KIND_ACTIVATIONS = 5;
    uint8 internal constant KIND_TRANSFERS = 6;
    uint8 internal constant KIND_INSURANCE = 7;
    uint8 internal constant KIND_LIQUIDATIONS = 8;
    uint8 internal constant KIND_TAKEOVERS = 9;
    uint8 internal constant KIND_DELEVERAGINGS = 10;
    uint8 internal constant KIND_CREDITED = 11;
    uint32 internal constant SICK_MARK = 580_000;
    uint32 internal constant WORSE_MARK = 575_000; // equity 250 of 431.25: the backstop's
    uint32 internal constant BROKE_MARK = 560_000; // equity -200

    uint256 internal alice;
    uint256 internal bob;
    uint256 internal carol;
    uint32 internal nextSeq = 10;

    struct Counterparty {
        uint256 key;
        uint56 lots;
        uint64 share;
    }

    function setUp() public virtual override {
        super.setUp();
        uint256[] memory keys = sortedKeys(3);
        (alice, bob, carol) = (keys[0], keys[1], keys[2]);
        deposit(alice, 1_000e6);
        deposit(bob, 1e12);
        deposit(carol, 1e12);
        setMark(MARK);
        open(alice, 0, bob, 3_000, MARK);
    }

    // The call once users are here: scheduled, waited for, made; marks are fresh again afterwards.
    function governed(bytes memory call) internal {
        _wait(call);
        (bool ok,) = address(exchange).call(call);
        assertTrue(ok, "governed");
    }

    function governedRefused(bytes memory call, bytes memory reason) internal {
        _wait(call);
        (bool ok, bytes memory found) = address(exchange).call(call);
        assertTrue(!ok && keccak256(found) == keccak256(reason), "refused");
    }

    function _wait(bytes memory call) private {
        uint32 mark = uint32(exchange.market(OBSERVED).mark);
        exchange.schedule(call);
        pass(exchange.timelockS());
        setMark(mark);
    }

    // Without fees, so that the numbers stay round.
    function open(uint256 taker, uint8 side, uint256 maker, uint40 size, uint32 price) internal {
        TestOrder memory taken = orderOf(taker, side, price, size);
        TestOrder memory made = orderOf(maker, 1 - side, price, size);
        (taken.market, made.market, taken.takerFee, made.makerFee) = (OBSERVED, OBSERVED, 0, 0);
        (taken.seq, made.seq) = (nextSeq, nextSeq);
        ++nextSeq;
        settle(pair(taken, made, size));
    }

    function bid(uint256 key, uint32 price, uint40 size) internal returns (TestOrder memory made) {
        made = orderOf(key, 0, price, size);
        (made.market, made.takerFee, made.makerFee) = (OBSERVED, 0, 0);
        (made.lane, made.seq) = (5, nextSeq++);
    }

    function liquidationOf(uint256 victim, TestOrder memory maker, uint40 quantity)
        internal
        view
        returns (bytes memory)
    {
        return bytes.concat(
            liquidationHead(victim, OBSERVED, 1),
            Batches.order(domain, TICK_E8, LOT_E8, maker),
            abi.encodePacked(quantity)
        );
    }

    function liquidationHead(uint256 victim, uint8 market, uint16 fills)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(uint16(1), vm.addr(victim), uint8(0), market, fills);
    }

    function liquidation(uint256 victim, TestOrder memory maker, uint40 quantity)
        internal
        view
        returns (bytes memory)
    {
        return oneSegment(KIND_LIQUIDATIONS, liquidationOf(victim, maker, quantity));
    }

    function takeover(address victim, uint8 market) internal view returns (bytes memory) {
        return
            oneSegment(KIND_TAKEOVERS, abi.encodePacked(uint16(1), victim, uint8(0), market));
    }

    function deleveraging(uint256 victim, Counterparty[] memory parties)
        internal
        view
        returns (bytes memory)
    {
        bytes memory body = liquidationHead(victim, OBSERVED, uint16(parties.length));
        for (uint256 i = 0; i < parties.length; ++i) {
            body = abi.encodePacked(
                body, vm.addr(parties[i].key), uint8(0), parties[i].lots, parties[i].share
            );
        }
        return oneSegment(KIND_DELEVERAGINGS, body);
    }

    function deleveragingOf(uint256 victim, uint256 party, uint56 lots, uint64 share)
        internal
        view
        returns (bytes memory)
    {
        Counterparty[] memory parties = new Counterparty[](1);
        parties[0] = Counterparty(party, lots, share);
        return deleveraging(victim, parties);
    }

    // A transfer (to: subaccount) or a gift to insurance (to: market), signed.
    function moneyBody(bool isGift, uint256 key, uint8 from, uint8 to, uint64 amount, uint32 seq)
        internal
        view
        returns (bytes memory)
    {
        bytes32 typeHash = isGift ? TypeHashes.FUND_INSURANCE : TypeHashes.TRANSFER;
        uint32 expiry = uint32(nowS + 1000);
        bytes32 hash = keccak256(abi.encode(typeHash, from, to, amount, uint16(7), seq, expiry));
        (bytes32 r, bytes32 vs) = vm.signCompact(key, Batches.digest(domain, hash));
        return abi.encodePacked(uint16(1), r, vs, from, to, amount, uint16(7), seq, expiry);
    }

    function insure(uint64 amount) internal {
        settle(
            oneSegment(KIND_INSURANCE, moneyBody(true, carol, 0, OBSERVED, amount, nextSeq++))
        );
    }

    function backstopCapital(uint8 market, uint256 amount) internal {
        exchange.depositFor(vm.addr(backstopKey()), market + 1, amount);
    }

    function insurance() internal view returns (uint256) {
        return exchange.insuranceOf(OBSERVED);
    }

    // Cash of everybody here + fees + pools + insurance = deposits - withdrawals.
    function assertConserved() internal view {
        int256 sum = cashOf(alice) + cashOf(bob) + cashOf(carol);
        for (uint8 sub = 0; sub < 4; ++sub) {
            (int256 cash,) = exchange.account(vm.addr(backstopKey()), sub);
            sum += cash;
        }
        for (uint8 sub = 1; sub < 3; ++sub) {
            (int256 cash,) = exchange.account(vm.addr(alice), sub);
            (int256 other,) = exchange.account(vm.addr(carol), sub);
            sum += cash + other;
        }
        sum += int256(exchange.totals().fees) + exchange.totals().fundingPools;
        sum += int256(exchange.totals().insurance);
        assertEq(
            sum, int256(exchange.totals().deposits - exchange.totals().withdrawals), "conserved"
        );
    }
}
