// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestVector} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice The price section: k of n publishers, median, band, age.
contract PricesTest is ExchangeTest {
    function vectors(uint256 count) internal view returns (TestVector[] memory list) {
        list = new TestVector[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = vectorOf(i, uint32(MARK + i * 1_000));
        }
    }

    function test_quorum() public {
        settleRejected(priceBatch(2, MARK, MARK), BatchCodes.TOO_FEW_PRICES, 0);
        settle(priceBatch(3, MARK, MARK));
        assertEq(exchange.market(OBSERVED).mark, MARK, "mark");
        assertEq(exchange.market(OBSERVED).markTime, nowS, "time");
        settle(priceBatch(5, MARK, MARK));
    }

    // The lower middle of an even number, the middle of an odd one.
    function test_median() public {
        TestVector[] memory list = vectors(4);
        uint32 middle = MARK + 1_000;
        uint32 up = uint32(uint256(middle) * 1_030_000 / 1_000_000);
        settle(priceBatchOf(list, up));
        settleRejected(priceBatchOf(list, up + 1), BatchCodes.MARK_OUT_OF_BAND, 0);
        list = vectors(5);
        middle = MARK + 2_000;
        uint32 down = uint32((uint256(middle) * 970_000 + 999_999) / 1_000_000);
        settle(priceBatchOf(list, down));
        settleRejected(priceBatchOf(list, down - 1), BatchCodes.MARK_OUT_OF_BAND, 0);
    }

    // 27. Wrong or repeated signer, replayed, older, future, zero.
    function test_price_forge() public {
        TestVector[] memory list = vectors(3);
        list[1].key = traderKey(5);
        settleRejected(priceBatchOf(list, MARK), BatchCodes.UNKNOWN_PUBLISHER, 1);
        list = vectors(3);
        list[1].publisher = 5;
        settleRejected(priceBatchOf(list, MARK), BatchCodes.UNKNOWN_PUBLISHER, 1);
        list = vectors(3);
        list[2] = list[0];
        settleRejected(priceBatchOf(list, MARK), BatchCodes.DUPLICATE_VECTOR, 2);
        list = vectors(3);
        list[0].page = 2;
        settleRejected(priceBatchOf(list, MARK), BatchCodes.INVALID_PAGE, 0);
        list = vectors(3);
        list[0].prices[0] = 0;
        settleRejected(priceBatchOf(list, MARK), BatchCodes.TOO_FEW_PRICES, 0);
        list = vectors(3);
        settleRejected(priceBatchOf(list, 0), BatchCodes.MARK_OUT_OF_BAND, 0);
        list[0].timestampMs = uint48(nowS * 1000 + 15_001);
        settleRejected(priceBatchOf(list, MARK), BatchCodes.PRICE_IN_FUTURE, 0);
        list[0].timestampMs = uint48((nowS - LAG_S - 300) * 1000 - 1);
        settleRejected(priceBatchOf(list, MARK), BatchCodes.PRICE_TOO_OLD, 0);
        list = vectors(3);
        settle(priceBatchOf(list, MARK));
        settle(priceBatchOf(list, MARK)); // the same vectors again are not older
        list[2].timestampMs -= 1;
        settleRejected(priceBatchOf(list, MARK), BatchCodes.PRICE_OLDER_THAN_LAST, 2);
    }

    // 16. A vector that tells more prices than there are bytes.
    function test_false_price_count() public {
        bytes memory batch = priceBatch(3, MARK, MARK);
        batch[60 + 5 + 1 + 2] = 0xFF; // header, head of the segment, vectors; publisher and page
        settleRejected(batch, BatchCodes.MALFORMED, 0);
    }

    // 27. Every byte of a vector is signed.
    function testFuzz_price_tamper(uint256 place, uint8 flip) public {
        vm.assume(flip != 0);
        bytes memory batch = priceBatch(3, MARK, MARK);
        place = 60 + 5 + 1 + bound(place, 0, 77 - 1);
        batch[place] = bytes1(uint8(batch[place]) ^ flip);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "a tampered vector counted");
    }

    // 27. A minority cannot move the mark: with two liars of five it stays within the honest band.
    function testFuzz_minority(uint32 lieA, uint32 lieB, uint32 mark) public {
        TestVector[] memory list = new TestVector[](5);
        for (uint256 i = 0; i < 5; ++i) {
            list[i] = vectorOf(i, MARK);
        }
        list[0].prices[0] = uint32(bound(lieA, 1, type(uint32).max));
        list[3].prices[0] = uint32(bound(lieB, 1, type(uint32).max));
        mark = uint32(bound(mark, 1, type(uint32).max));
        bool inside = mark <= MARK * 103 / 100 && mark >= MARK * 97 / 100;
        if (inside) settle(priceBatchOf(list, mark));
        else settleRejected(priceBatchOf(list, mark), BatchCodes.MARK_OUT_OF_BAND, 0);
    }

    function test_fixed_mark_stays() public {
        bytes memory body = abi.encodePacked(uint8(0), uint8(1), FIXED, MARK);
        settleRejected(oneSegment(Batches.KIND_PRICE, body), BatchCodes.FIXED_MARK, 0);
        body = abi.encodePacked(uint8(0), uint8(1), uint8(9), MARK);
        settleRejected(oneSegment(Batches.KIND_PRICE, body), BatchCodes.UNKNOWN_MARKET, 0);
    }

    function test_second_page() public {
        exchange.listMarket(listing(33));
        bytes memory body = abi.encodePacked(uint8(3));
        for (uint256 i = 0; i < 3; ++i) {
            TestVector memory vector = vectorOf(i, 0);
            vector.page = 1;
            vector.prices = new uint32[](2);
            vector.prices[1] = 5_000;
            body = bytes.concat(body, Batches.vector(domain, vector));
        }
        body = abi.encodePacked(body, uint8(1), uint8(33), uint32(5_000));
        settle(oneSegment(Batches.KIND_PRICE, body));
        assertEq(exchange.market(33).mark, 5_000, "mark");
    }
}
