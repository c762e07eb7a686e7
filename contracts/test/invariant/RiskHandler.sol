// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPlumbExchange, Position} from "../../src/interfaces/IPlumbExchange.sol";
import {Batches, TestOrder} from "../base/Batches.sol";
import {RiskTest} from "../base/RiskTest.sol";

/// @notice Leveraged traders, wild prices, and an operator that liquidates, takes over and deleverages whomever it likes,
/// at prices and shares of its choice. Notes every time a rule that protects an account was broken.
contract RiskHandler is RiskTest {
    uint256 internal constant TRADERS = 5;

    uint256[] internal keys;
    mapping(string => uint256) public succeeded;
    bool public healthyWasTouched;
    bool public positionGrew;
    bool public victimRobbed;
    bool public makerHarmed;
    bool public shareWrong;

    struct Before {
        int256 equity;
        uint256 maintenance;
        int256 size;
        uint256 insurance;
        int256 partyEquity;
    }

    constructor() {
        RiskTest.setUp();
        keys = sortedKeys(TRADERS); // alice, bob and carol among them
        for (uint256 i = 0; i < TRADERS; ++i) {
            deposit(keys[i], 2_000e6);
        }
        backstopCapital(OBSERVED, 3_000e6);
        insure(100e6);
    }

    function exchangeAddress() external view returns (IPlumbExchange) {
        return exchange;
    }

    // What the fuzzer may do

    function trade(uint256 seed, uint40 size, int16 offset) external {
        seed = _spread(seed);
        uint256 taker = keys[seed % TRADERS];
        uint256 maker = keys[(seed >> 8) % TRADERS];
        if (taker == maker) return;
        uint32 mark = _mark();
        uint40 lots = uint40(bound(size, 1, 3_000));
        TestOrder memory taken = orderOf(taker, uint8(seed >> 16) & 1, mark, lots);
        TestOrder memory made = orderOf(maker, 1 - taken.side, mark, lots);
        taken.price = made.price = uint32(int32(mark) + offset % 500);
        (taken.market, made.market) = (OBSERVED, OBSERVED);
        (taken.seq, made.seq) = (nextSeq, nextSeq);
        (taken.expiry, made.expiry) = (type(uint32).max, type(uint32).max);
        ++nextSeq;
        if (_try(pair(taken, made, lots))) ++succeeded["trade"];
    }

    function rescue(uint256 seed, uint64 amount) external {
        deposit(keys[seed % TRADERS], bound(amount, USDC, 2_000e6));
        ++succeeded["rescue"];
    }

    function price(uint32 move) external {
        uint256 mark = _mark();
        uint32 next = uint32(bound(move, mark * 93 / 100, mark * 107 / 100 + 1));
        if (next < 10_000) next = 600_000;
        if (next > 3_000_000) next = 600_000;
        if (_try(priceBatch(3, next, next))) ++succeeded["price"];
    }

    function funding(int64 move) external {
        int256 index = exchange.market(OBSERVED).fundingIndex + move % 400_000_000_000;
        if (_try(fundingBatch(OBSERVED, int64(index)))) ++succeeded["funding"];
    }

    function wait_(uint16 time) external {
        pass(time % 900);
    }

    function liquidate(uint256 seed, uint40 size, int24 offset) external {
        seed = _spread(seed);
        (uint256 victim, Before memory before) = _victim(seed);
        uint256 maker = keys[(seed >> 8) % TRADERS];
        uint32 mark = _mark();
        int256 limit = int256(uint256(mark)) + offset % int24(int256(uint256(mark / 10)));
        uint40 lots = uint40(bound(size, 1, 5_000));
        TestOrder memory made = orderOf(maker, uint8(seed >> 16) & 1, uint32(uint256(limit)), lots);
        if ((seed >> 24) % 8 != 0) made.side = before.size > 0 ? 0 : 1;
        (made.market, made.seq, made.expiry) = (OBSERVED, nextSeq++, type(uint32).max);
        if (!_try(liquidation(victim, made, lots))) return;
        ++succeeded["liquidate"];
        _judge(victim, before);
        (int256 equity, uint256 maintenance,,) = exchange.health(vm.addr(victim), 0);
        // Equity falls at most in proportion to the requirement (funding in the same step counted, one unit of rounding).
        int256 kept = equity * int256(before.maintenance) + int256(before.maintenance);
        if (kept < before.equity * int256(maintenance)) victimRobbed = true;
        _judgeMaker(maker);
    }

    function takeOver(uint256 seed) external {
        (uint256 victim, Before memory before) = _victim(_spread(seed));
        if (!_try(takeover(vm.addr(victim), OBSERVED))) return;
        ++succeeded["takeover"];
        _judge(victim, before);
        // One market: what is left is what the fee left, never a debt; the insurance paid the deficit to the unit.
        if (cashOf(victim) < 0) victimRobbed = true;
        uint256 owed = before.equity < 0 ? uint256(-before.equity) : 0;
        if (before.insurance - insurance() != owed) shareWrong = true;
    }

    function deleverage(uint256 seed, uint40 size, uint64 guess) external {
        seed = _spread(seed);
        (uint256 victim, Before memory before) = _victim(seed);
        uint256 party = keys[(seed >> 8) % TRADERS];
        uint256 held = before.size < 0 ? uint256(-before.size) : uint256(before.size);
        if (held == 0 || party == victim) return;
        uint56 lots = uint56(bound(size, 1, held));
        uint256 deficit = before.equity < 0 ? uint256(-before.equity) : 0;
        uint256 insured = deficit < before.insurance ? deficit : before.insurance;
        uint256 fair = ((deficit - insured) * lots + held - 1) / held;
        uint64 share = (seed >> 16) % 4 == 0 ? guess : uint64(fair);
        (before.partyEquity,,,) = exchange.health(vm.addr(party), 0);
        if (!_try(deleveragingOf(victim, party, lots, share))) return;
        ++succeeded["deleverage"];
        _judge(victim, before);
        (int256 equity,,,) = exchange.health(vm.addr(party), 0);
        if (share != fair || equity != before.partyEquity - int256(fair)) shareWrong = true;
        if (before.partyEquity <= 0) makerHarmed = true;
        if (before.insurance - insurance() != insured * lots / held) shareWrong = true;
    }

    function flag(uint256 seed) external {
        (uint256 victim, Before memory before) = _victim(seed);
        try exchange.flag(vm.addr(victim), 0) {
            ++succeeded["flag"];
            if (before.equity >= int256(before.maintenance)) healthyWasTouched = true;
        } catch {}
    }

    function executeFlagged(uint256 seed, uint16 time) external {
        pass(time % 1_900);
        (uint256 victim, Before memory before) = _victim(seed);
        try exchange.executeFlagged(vm.addr(victim), 0, OBSERVED) {
            ++succeeded["execute"];
            _judge(victim, before);
        } catch {}
    }

    function moveMoney(uint256 seed, uint64 amount, bool isGift) external {
        uint256 key = keys[seed % TRADERS];
        uint64 moved = uint64(bound(amount, 1, 3_000e6));
        bytes memory body = moneyBody(isGift, key, 0, isGift ? OBSERVED : 1, moved, nextSeq++);
        bytes memory batch = oneSegment(isGift ? KIND_INSURANCE : KIND_TRANSFERS, body);
        if ((seed >> 8) % 3 == 0) batch[1] = 0x01;
        if (_try(batch)) ++succeeded["money"];
    }

    function setTiers(uint256 seed) external {
        uint32 first = uint32(bound(seed, 15_000, 40_000));
        uint32[3] memory bounds = [first, first * 3, first * 10];
        uint32[3] memory fractions = [uint32(80_000), 200_000, 600_000];
        governed(
            abi.encodeCall(
                exchange.setMarketTiers, (OBSERVED, bounds, fractions, uint32(seed % 50_000))
            )
        );
        ++succeeded["tiers"];
    }

    // What the invariants sum up

    function sums() external view returns (int256 cash, int256 size, uint256 longs) {
        for (uint256 i = 0; i <= TRADERS; ++i) {
            address owner = vm.addr(i < TRADERS ? keys[i] : backstopKey());
            for (uint8 sub = 0; sub < 2; ++sub) {
                (int256 held, Position[] memory positions) = exchange.account(owner, sub);
                cash += held;
                for (uint256 j = 0; j < positions.length; ++j) {
                    size += positions[j].size;
                    if (positions[j].size > 0) longs += uint256(positions[j].size);
                }
            }
        }
    }

    function _judge(uint256 victim, Before memory before) private {
        if (before.equity >= int256(before.maintenance)) healthyWasTouched = true;
        int256 size = sizeOf(victim, OBSERVED);
        bool shrank = before.size > 0 ? size >= 0 && size < before.size : size <= 0 && size > before.size;
        if (!shrank) positionGrew = true;
    }

    function _judgeMaker(uint256 maker) private {
        (int256 equity,,, bool isFresh) = exchange.health(vm.addr(maker), 0);
        if (!isFresh || equity < 0) makerHarmed = true;
    }

    // Half of the time the first account that is below maintenance, else anybody.
    function _victim(uint256 seed) private view returns (uint256 victim, Before memory before) {
        for (uint256 i = 0; i < TRADERS; ++i) {
            victim = keys[(seed + i) % TRADERS];
            (before.equity, before.maintenance,,) = exchange.health(vm.addr(victim), 0);
            if (seed & 128 == 0 || before.equity < int256(before.maintenance)) break;
        }
        before.size = sizeOf(victim, OBSERVED);
        before.insurance = insurance();
    }

    function _mark() private view returns (uint32) {
        return uint32(exchange.market(OBSERVED).mark);
    }

    // The fuzzer likes small numbers, whose fields are all zero.
    function _spread(uint256 seed) private view returns (uint256) {
        return uint256(keccak256(abi.encode(seed, nextSeq)));
    }

    function _try(bytes memory batch) private returns (bool ok) {
        (ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        if (ok) ++nextBatch;
    }
}
