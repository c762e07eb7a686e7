// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TypeHashes} from "../../src/libraries/TypeHashes.sol";
import {Vm} from "./Vm.sol";

/// @notice An order before it is signed; `key` is the signer's.
struct TestOrder {
    uint256 key;
    uint8 market;
    uint8 subaccount;
    uint8 side;
    uint8 flags;
    uint8 kind;
    uint32 price;
    uint40 size;
    uint8 maxFee;
    uint16 lane;
    uint32 seq;
    uint32 expiry;
    uint8 takerFee;
    int8 makerFee;
    uint32 trigger; // on the wire for kinds 1 and 2
}

struct TestFill {
    uint16 taker;
    uint16 maker;
    uint40 quantity;
}

struct TestWithdrawal {
    uint256 key;
    uint8 subaccount;
    uint64 amount;
    uint16 lane;
    uint32 seq;
    uint32 expiry;
}

struct TestVector {
    uint256 key;
    uint8 publisher;
    uint8 page;
    uint48 timestampMs;
    uint32[] prices;
}

/// @notice Encodes and signs batches straight from their description, independently of the contract's reader.
library Batches {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint8 internal constant KIND_PRICE = 1;
    uint8 internal constant KIND_FILLS = 2;
    uint8 internal constant KIND_WITHDRAW = 3;
    uint8 internal constant KIND_FUNDING = 4;

    function header(uint32 batchNo, uint48 toSeq, uint16 segments)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(
            uint8(1), uint8(0), batchNo, toSeq, toSeq, bytes32("journal"), uint64(7), segments
        );
    }

    function segment(uint8 kind, bytes memory body) internal pure returns (bytes memory) {
        return abi.encodePacked(kind, uint32(body.length), body);
    }

    function fills(
        bytes32 domain,
        uint64 tickE8,
        uint64 lotE8,
        TestOrder[] memory orders,
        TestFill[] memory list
    ) internal pure returns (bytes memory body) {
        body = abi.encodePacked(uint16(orders.length));
        for (uint256 i = 0; i < orders.length; ++i) {
            body = bytes.concat(body, order(domain, tickE8, lotE8, orders[i]));
        }
        body = bytes.concat(body, abi.encodePacked(uint16(list.length)));
        for (uint256 i = 0; i < list.length; ++i) {
            body = bytes.concat(
                body, abi.encodePacked(list[i].taker, list[i].maker, list[i].quantity)
            );
        }
    }

    function order(bytes32 domain, uint64 tickE8, uint64 lotE8, TestOrder memory o)
        internal
        pure
        returns (bytes memory)
    {
        (bytes32 r, bytes32 vs) = vm.signCompact(o.key, orderDigest(domain, tickE8, lotE8, o));
        return bytes.concat(abi.encodePacked(r, vs), orderFields(o));
    }

    function orderFields(TestOrder memory o) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(
                o.market, o.subaccount, o.side | (o.flags << 1), o.kind, o.price, o.size
            ),
            abi.encodePacked(o.maxFee, o.lane, o.seq, o.expiry, o.takerFee, o.makerFee),
            o.kind == 1 || o.kind == 2 ? abi.encodePacked(o.trigger) : bytes("")
        );
    }

    function orderDigest(bytes32 domain, uint64 tickE8, uint64 lotE8, TestOrder memory o)
        internal
        pure
        returns (bytes32)
    {
        bytes memory first = abi.encode(
            TypeHashes.ORDER,
            o.market,
            o.subaccount,
            o.side,
            o.flags,
            o.kind,
            uint256(o.price) * tickE8
        );
        bytes memory second = abi.encode(
            uint256(o.size) * lotE8,
            uint256(o.trigger) * tickE8,
            o.maxFee,
            o.lane,
            o.seq,
            o.expiry
        );
        return digest(domain, keccak256(bytes.concat(first, second)));
    }

    function withdrawal(bytes32 domain, TestWithdrawal memory w)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 hash = keccak256(
            abi.encode(TypeHashes.WITHDRAW, w.subaccount, w.amount, w.lane, w.seq, w.expiry)
        );
        (bytes32 r, bytes32 vs) = vm.signCompact(w.key, digest(domain, hash));
        return abi.encodePacked(r, vs, w.subaccount, w.amount, w.lane, w.seq, w.expiry);
    }

    function vector(bytes32 domain, TestVector memory v) internal pure returns (bytes memory) {
        bytes memory packed;
        for (uint256 i = 0; i < v.prices.length; ++i) {
            packed = abi.encodePacked(packed, v.prices[i]);
        }
        bytes32 hash =
            keccak256(abi.encode(TypeHashes.PRICES, v.page, v.timestampMs, keccak256(packed)));
        (bytes32 r, bytes32 vs) = vm.signCompact(v.key, digest(domain, hash));
        return
            abi.encodePacked(
                v.publisher, v.page, uint8(v.prices.length), v.timestampMs, r, vs, packed
            );
    }

    function digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
