// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPlumbExchange, Position} from "../../src/interfaces/IPlumbExchange.sol";
import {Batches, TestFill, TestOrder, TestVector, TestWithdrawal} from "../base/Batches.sol";
import {ExchangeTest, ITestUsdc} from "../base/ExchangeTest.sol";

/// @notice Traders, publishers, and an operator that signs nothing but arranges everything: any fills of any two orders,
/// any marks the publishers allow, any funding, replays and damaged bytes. Counts what succeeded.
contract Handler is ExchangeTest {
    uint256 internal constant TRADERS = 5;

    uint256[] internal keys;
    uint32 internal seq = 1;
    bytes internal lastBatch;
    uint256 internal lastBatchMark; // of the observed market, when it settled
    mapping(string => uint256) public succeeded;
    mapping(address => mapping(uint16 => uint256)) public laneHigh; // highest seq << 40 | filled seen
    bool public laneFell;
    bool public replayed;

    constructor() {
        setUp();
        keys = sortedKeys(TRADERS);
        for (uint256 i = 0; i < TRADERS; ++i) {
            deposit(keys[i], 1e11);
            exchange.depositFor(vm.addr(keys[i]), 1, 1e11);
        }
        setMark(MARK);
    }

    function exchangeAddress() external view returns (IPlumbExchange) {
        return exchange;
    }

    function token() external view returns (ITestUsdc) {
        return usdc;
    }

    // What the fuzzer may do

    function depositSome(uint256 who, uint64 amount) external {
        exchange.depositFor(
            vm.addr(keys[who % TRADERS]), uint8(who >> 8) & 1, bound(amount, USDC, 1e12)
        );
        ++succeeded["deposit"];
    }

    function donate(uint64 amount) external {
        usdc.transfer(address(exchange), bound(amount, 0, 1e12));
        ++succeeded["donate"];
    }

    function fillOne(uint256 seed, uint40 size, int16 offset) external {
        seed = _spread(seed);
        TestOrder memory taker = _order(seed, 0);
        TestOrder memory maker = _order(seed >> 64, 1);
        if (seed >> 255 == 1) (taker.side, maker.side) = (1, 0);
        maker.market = taker.market;
        // Within 2 % of the mark: whoever a damaged signature makes up has no margin for it.
        uint256 mark = exchange.market(maker.market).mark;
        maker.price = uint32(uint256(int256(mark) + int256(offset) * int256(mark) / 1_700_000));
        taker.price = taker.side == 0 ? maker.price + 7 : maker.price - 7;
        uint40 quantity = uint40(bound(size, 1, 3_000));
        if (taker.key == maker.key) return;
        _try("fill", pair(taker, maker, quantity));
    }

    function fillMany(uint256 seed) external {
        seed = _spread(seed);
        TestOrder[] memory orders = new TestOrder[](TRADERS);
        TestFill[] memory fills = new TestFill[](TRADERS - 1);
        for (uint256 i = 0; i < TRADERS; ++i) {
            orders[i] = _order(seed >> (i * 16), uint8(i == 0 ? 1 : 0));
            orders[i].key = keys[i];
            orders[i].subaccount = 0;
            orders[i].market = FIXED;
            orders[i].price = MARK;
            if (i > 0) {
                fills[i - 1] = TestFill(uint16(i), 0, uint40(bound(seed >> (i * 20), 1, 900)));
            }
        }
        _try("fillMany", fillBatch(orders, fills));
    }

    function withdrawSome(uint256 who, uint64 amount) external {
        TestWithdrawal memory withdrawal =
            withdrawalOf(keys[who % TRADERS], uint64(bound(amount, 1, 2e11)));
        (withdrawal.seq, withdrawal.lane) = (seq++, uint16(who >> 8) % 6);
        _try("withdraw", withdrawBatch(withdrawal));
    }

    function price(uint32 move) external {
        uint32 current = uint32(exchange.market(OBSERVED).mark);
        uint32 next = uint32(bound(move, uint256(current) * 97 / 100, uint256(current) * 103 / 100));
        TestVector[] memory vectors = new TestVector[](3);
        for (uint256 i = 0; i < 3; ++i) {
            vectors[i] = vectorOf(i, current);
        }
        _try("price", priceBatchOf(vectors, next));
    }

    function funding(uint8 market, int64 move) external {
        uint8 id = market & 1 == 0 ? OBSERVED : FIXED;
        int256 index = exchange.market(id).fundingIndex + move % 400_000_000_000;
        _try("funding", fundingBatch(id, int64(index)));
    }

    function wait_(uint16 time) external {
        pass(time % 1800);
    }

    function replay() external {
        if (lastBatch.length == 0) return;
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (lastBatch)));
        if (ok) replayed = true;
        ++succeeded["replay refused"];
    }

    /// @dev The same orders under the next batch number: lanes must refuse what is used up.
    function replayRenumbered() external {
        if (lastBatch.length == 0) return;
        bytes memory batch = lastBatch;
        bytes4 number = bytes4(nextBatch);
        for (uint256 i = 0; i < 4; ++i) {
            batch[2 + i] = number[i];
        }
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        if (ok) ++nextBatch;
    }

    function damaged(uint256 place, uint8 value) external {
        if (lastBatch.length == 0 || exchange.market(OBSERVED).mark != lastBatchMark) return;
        bytes memory batch = lastBatch;
        bytes4 number = bytes4(nextBatch);
        for (uint256 i = 0; i < 4; ++i) {
            batch[2 + i] = number[i];
        }
        // Behind the header: a sequence number far ahead would only end the game.
        batch[60 + place % (batch.length - 60)] = bytes1(value);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        if (ok) (nextBatch,,,,) = _after();
        ++succeeded["damaged"];
    }

    // What the invariants sum up

    function sums()
        external
        view
        returns (int256 cash, int256[2] memory sizes, uint256[2] memory longs)
    {
        for (uint256 i = 0; i < TRADERS; ++i) {
            for (uint8 sub = 0; sub < 2; ++sub) {
                (int256 held, Position[] memory positions) = exchange.account(vm.addr(keys[i]), sub);
                cash += held;
                for (uint256 j = 0; j < positions.length; ++j) {
                    uint256 place = positions[j].market == OBSERVED ? 0 : 1;
                    sizes[place] += positions[j].size;
                    if (positions[j].size > 0) longs[place] += uint256(positions[j].size);
                }
            }
        }
    }

    function _after() private view returns (uint32 next, uint64, uint64, bytes32, uint64) {
        (uint32 no, uint64 a, uint64 b, bytes32 c, uint64 d) = exchange.lastBatch();
        return (no + 1, a, b, c, d);
    }

    // The fuzzer likes small numbers, whose fields are all zero.
    function _spread(uint256 seed) private view returns (uint256) {
        return uint256(keccak256(abi.encode(seed, seq)));
    }

    function _order(uint256 seed, uint8 side) private returns (TestOrder memory order) {
        order = orderOf(keys[seed % TRADERS], side, MARK, 3_000);
        order.market = (seed >> 8) & 1 == 0 ? OBSERVED : FIXED;
        order.lane = uint16((seed >> 16) % 6);
        order.subaccount = uint8(seed >> 24) & 1;
        order.flags = (seed >> 32) % 8 == 0 ? 1 : 0;
        order.takerFee = uint8(15 + (seed >> 40) % 36);
        order.makerFee = int8(int256((seed >> 48) % 51)) - 20;
        order.expiry = type(uint32).max;
        order.seq = seq++;
    }

    function _try(string memory what, bytes memory batch) private {
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        if (!ok) return;
        ++nextBatch;
        ++succeeded[what];
        lastBatch = batch;
        lastBatchMark = exchange.market(OBSERVED).mark;
        _watchLanes();
    }

    // 6. (seq, filled) only rises.
    function _watchLanes() private {
        for (uint256 i = 0; i < TRADERS; ++i) {
            address owner = vm.addr(keys[i]);
            for (uint16 lane = 0; lane < 6; ++lane) {
                (uint32 number, uint64 filled) = exchange.lane(owner, 0, lane);
                uint256 now_ = (uint256(number) << 40) | filled;
                if (now_ < laneHigh[owner][lane]) laneFell = true;
                laneHigh[owner][lane] = now_;
            }
        }
    }
}
