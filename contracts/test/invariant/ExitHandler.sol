// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ForceRequest} from "../../src/libraries/ExitState.sol";
import {IPlumbExchange, Position, Totals} from "../../src/interfaces/IPlumbExchange.sol";
import {TestOrder, TestVector} from "../base/Batches.sol";
import {ExitTest} from "../base/ExitTest.sol";
import {ITestUsdc} from "../base/ExchangeTest.sol";

/// @notice A compromised operator against three traders who want their money: it holds the keys of relayer, admin,
/// guardian, backstop and one publisher, and arranges everything it can; the traders ask for what is theirs. Ghosts note
/// what must never happen.
contract ExitHandler is ExitTest {
    uint256 internal constant TRADERS = 3;

    uint256[] internal keys;
    uint32 internal next = 1_000;
    address public thief;
    uint32 internal truePrice = MARK;
    mapping(string => uint256) public succeeded;
    bool public grew; // a forced reduction that grew a position
    bool public wrongPrice; // a mark beyond what honest publishers allow
    bool public fastPower; // a change of custody without its wait
    bool public overpaid; // a claim that paid more than was asked for
    uint256 public withdrawnAtFreeze;

    constructor() {
        setUp();
        keys = [alice, bob, carol];
        thief = trader(666);
        deposit(alice, 5_000e6);
        exchange.schedule(abi.encodeCall(exchange.setGuardian, (address(this))));
        pass(2 * FREEZE_DELAY_S);
        settle(emptyBatch());
        exchange.setGuardian(address(this));
        setMark(MARK);
    }

    function exchangeAddress() external view returns (IPlumbExchange) {
        return exchange;
    }

    function token() external view returns (ITestUsdc) {
        return usdc;
    }

    // The operator's moves

    function fill(uint256 seed, uint40 size, int16 offset) external {
        seed = _spread(seed);
        (uint256 buyer, uint256 seller) = (keys[seed % 3], keys[(seed + 1 + (seed >> 8) % 2) % 3]);
        uint8 market = (seed >> 16) & 1 == 0 ? OBSERVED : FIXED;
        uint256 mark = exchange.market(market).mark;
        uint32 limit = uint32(uint256(int256(mark) + int256(offset) * int256(mark) / 1_700_000));
        size = uint40(bound(size, 1, 2_000));
        TestOrder memory buy = orderOf(buyer, 0, limit, size);
        TestOrder memory sell = orderOf(seller, 1, limit, size);
        (buy.market, sell.market) = (market, market);
        (buy.lane, sell.lane) = (uint16((seed >> 24) % 4), uint16((seed >> 32) % 4));
        (buy.expiry, sell.expiry) = (type(uint32).max, type(uint32).max);
        (buy.seq, sell.seq) = (next++, next++);
        _settle("fill", pair(buy, sell, size));
    }

    /// @dev The market moves by 1 % at most; the operator's publisher lies as it likes, and the mark lies within the band.
    function price(int16 move, uint32 lie, int16 skew, uint256 whom) external {
        truePrice =
            uint32(uint256(int256(uint256(truePrice)) * (3_276_800 + int256(move)) / 3_276_800));
        TestVector[] memory vectors = new TestVector[](3);
        for (uint256 i = 0; i < 3; ++i) {
            // Two honest ones of the operator's choice, and its own.
            vectors[i] = i < 2
                ? vectorOf((whom + i) % 4, truePrice)
                : vectorOf(4, uint32(bound(lie, 1, type(uint32).max)));
        }
        uint256 mark = uint256(int256(uint256(truePrice)) * (1_100_000 + int256(skew)) / 1_100_000);
        _settle("price", priceBatchOf(vectors, uint32(mark)));
        uint256 now_ = exchange.market(OBSERVED).mark;
        uint256 distance = now_ > truePrice ? now_ - truePrice : truePrice - now_;
        if (
            exchange.market(OBSERVED).markTime == nowS
                && distance * 1e6 > uint256(truePrice) * 30_000
        ) {
            wrongPrice = true;
        }
    }

    function funding(bool isFixed, int64 move) external {
        uint8 market = isFixed ? FIXED : OBSERVED;
        int256 index = exchange.market(market).fundingIndex + move % 100_000_000_000;
        _settle("funding", fundingBatch(market, int64(index)));
    }

    function heartbeat() external {
        _settle("heartbeat", emptyBatch());
    }

    function pause(bool end) external {
        if (end) exchange.endPause();
        else _call("pause", address(this), abi.encodeCall(exchange.pauseNewRisk, ()));
    }

    function grab(uint256 which) external {
        address[] memory list = new address[](1);
        list[0] = thief;
        bytes[5] memory calls = [
            abi.encodeCall(exchange.setPublishers, (list, 1)),
            abi.encodeCall(exchange.listMarket, (listingWithFixedMark(40, 1))),
            abi.encodeCall(exchange.proposeAdmin, (thief)),
            abi.encodeCall(exchange.setMargins, (OBSERVED, 400, 200)),
            abi.encodeCall(exchange.setGuardian, (thief))
        ];
        (bool ok,) = address(exchange).call(calls[which % 5]);
        if (ok) fastPower = true;
        ++succeeded["grab"];
    }

    function robBackstop(uint64 amount) external {
        uint64 wanted = uint64(bound(amount, 1, 1e11));
        _call(
            "robBackstop",
            vm.addr(backstopKey()),
            abi.encodeCall(exchange.requestWithdraw, (0, wanted))
        );
        _settle("never", withdrawBatch(numbered(backstopKey(), wanted, next++)));
    }

    function wait_(uint32 time) external {
        pass(time % 2 hours);
    }

    // The traders' moves, carried out by anybody

    function requestWithdraw_(uint256 who, uint64 amount) external {
        bytes memory call =
            abi.encodeCall(exchange.requestWithdraw, (0, uint64(bound(amount, 0, 2e10))));
        _call("requestWithdraw", vm.addr(keys[who % 3]), call);
    }

    function claimWithdraw_(uint256 who) external {
        address owner = who % 4 == 3 ? vm.addr(backstopKey()) : vm.addr(keys[who % 4]);
        uint256 asked = exchange.withdrawRequest(owner, 0).amount;
        uint256 before = exchange.totals().withdrawals;
        _call("claimWithdraw", thief, abi.encodeCall(exchange.claimWithdraw, (owner, 0)));
        if (exchange.totals().withdrawals - before > asked) overpaid = true;
    }

    function forceReduce_(uint256 who, bool isFixed, uint40 lots, uint64 withdraw) external {
        uint8 market = isFixed ? FIXED : OBSERVED;
        uint256 key = keys[who % 3];
        int256 size = sizeOf(key, market);
        uint64 wanted = uint64(bound(lots, 0, uint256(size < 0 ? -size : size)));
        bytes memory call = abi.encodeCall(exchange.forceReduce, (0, market, wanted, withdraw));
        _call("forceReduce", vm.addr(key), call);
    }

    function execute_(uint256 who, bool isFixed) external {
        uint8 market = isFixed ? FIXED : OBSERVED;
        address owner = vm.addr(keys[who % 3]);
        int256 before = sizeOf(keys[who % 3], market);
        ForceRequest memory request = exchange.forceRequest(owner, 0, market);
        _call("execute", thief, abi.encodeCall(exchange.executeForceReduce, (owner, 0, market)));
        int256 size = sizeOf(keys[who % 3], market);
        bool within = before >= 0 ? size >= 0 && size <= before : size <= 0 && size >= before;
        int256 moved = before > size ? before - size : size - before;
        if (!within || uint256(moved) > request.lots) grew = true;
    }

    function cancelAll(uint256 who) external {
        bytes memory call = abi.encodeCall(exchange.requestCancelAll, (0, next));
        _call("cancelAll", vm.addr(keys[who % 3]), call);
    }

    function collect_(uint256 who) external {
        _call("collect", thief, abi.encodeCall(exchange.collect, (vm.addr(keys[who % 3]))));
    }

    /// @notice The end of every run: the operator falls silent, everybody leaves, whatever has happened.
    function everybodyLeaves() external {
        if (exchange.freezeState().frozenAt == 0) {
            pass(FREEZE_DELAY_S);
            exchange.freeze();
        }
        withdrawnAtFreeze = exchange.totals().withdrawals;
        for (uint256 i = 0; i < 4; ++i) {
            (bool ok,) =
                address(exchange).call(abi.encodeCall(exchange.claim, (vm.addr(_key(i)), 0)));
            if (ok) ++succeeded["claim"];
        }
        pass(CLAIM_PERIOD_S);
        for (uint256 i = 0; i < 4; ++i) {
            if (!exchange.claimOf(vm.addr(_key(i)), 0).registered) continue;
            exchange.payout(vm.addr(_key(i)), 0);
        }
    }

    // What the invariants sum up

    function sums()
        external
        view
        returns (int256 cash, int256[2] memory sizes, uint256[2] memory longs)
    {
        for (uint256 i = 0; i < 4; ++i) {
            (int256 held, Position[] memory positions) = exchange.account(vm.addr(_key(i)), 0);
            cash += held;
            for (uint256 j = 0; j < positions.length; ++j) {
                uint256 place = positions[j].market == OBSERVED ? 0 : 1;
                sizes[place] += positions[j].size;
                if (positions[j].size > 0) longs[place] += uint256(positions[j].size);
            }
        }
    }

    /// @notice Tokens of the four accounts' owners outside the exchange, and what it owes them.
    function outside() external view returns (uint256 held, uint256 owed) {
        for (uint256 i = 0; i < 4; ++i) {
            held += usdc.balanceOf(vm.addr(_key(i)));
            owed += exchange.owed(vm.addr(_key(i)));
        }
    }

    function _key(uint256 i) private view returns (uint256) {
        return i < TRADERS ? keys[i] : backstopKey();
    }

    function _spread(uint256 seed) private view returns (uint256) {
        return uint256(keccak256(abi.encode(seed, next)));
    }

    function _settle(string memory what, bytes memory batch) private {
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        if (!ok) return;
        ++nextBatch;
        ++succeeded[what];
    }

    function _call(string memory what, address from, bytes memory call) private {
        vm.prank(from);
        (bool ok,) = address(exchange).call(call);
        if (ok) ++succeeded[what];
    }
}
