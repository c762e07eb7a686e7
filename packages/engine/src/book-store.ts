//! Price levels of all markets: pages of 1,024 prices found through a two-step directory, bitmaps to find the next one.
import * as slabs from './slabs.ts'

const { BITS, BITS_SUMMARY, NODE, NODE_SUMMARY, NODE_USED, NONE, PAGE_WORDS } = slabs
// Both sides share the pages: every used price below the best ask is a bid's, so one bitmap serves both.

export type BookStore = {
  readonly levels: Int32Array
  readonly bits: Int32Array
  readonly nodes: Int32Array
  readonly freePages: Int32Array
  readonly freeNodes: Int32Array
  readonly pageCapacity: number
  readonly nodeCapacity: number
  pagesUsed: number
  freePageCount: number
  nodesUsed: number
  freeNodeCount: number
}

/** Nodes 0 … markets − 1 are the roots. */
export function createBookStore(markets: number, pages: number, directories: number): BookStore {
  const nodeCapacity = markets + directories
  return {
    levels: new Int32Array(pages * PAGE_WORDS),
    bits: new Int32Array(pages * BITS),
    nodes: new Int32Array(nodeCapacity * NODE),
    freePages: new Int32Array(pages),
    freeNodes: new Int32Array(directories),
    pageCapacity: pages,
    nodeCapacity,
    pagesUsed: 0,
    freePageCount: 0,
    nodesUsed: markets,
    freeNodeCount: 0,
  }
}

/** Sections of the slabs in use, for snapshots. */
export function bookSections(book: BookStore): Int32Array[] {
  return [
    book.levels.subarray(0, book.pagesUsed * PAGE_WORDS),
    book.bits.subarray(0, book.pagesUsed * BITS),
    book.nodes.subarray(0, book.nodesUsed * NODE),
    book.freePages.subarray(0, book.freePageCount),
    book.freeNodes.subarray(0, book.freeNodeCount),
  ]
}

/** Page that holds a price, NONE if no order rests in its range. */
export function pageOf(book: BookStore, market: number, price: number): number {
  const node = book.nodes[market * NODE + (price >>> 21)]! - 1
  return node < 0 ? NONE : book.nodes[node * NODE + ((price >>> 10) & 2_047)]! - 1
}

/** Whether an order at this price could rest: its page exists, or one (and perhaps a directory) is free. */
export function canHold(book: BookStore, market: number, price: number): boolean {
  const node = book.nodes[market * NODE + (price >>> 21)]! - 1
  if (node < 0 && book.freeNodeCount === 0 && book.nodesUsed === book.nodeCapacity) return false
  if (node >= 0 && book.nodes[node * NODE + ((price >>> 10) & 2_047)]! !== 0) return true
  return book.freePageCount > 0 || book.pagesUsed < book.pageCapacity
}

/** Pages that are free, or directories if those are fewer. */
export function freePlaces(book: BookStore): number {
  return Math.min(
    book.freePageCount + book.pageCapacity - book.pagesUsed,
    book.freeNodeCount + book.nodeCapacity - book.nodesUsed,
  )
}

/** `canHold` that leaves one page and one directory free: what moves during a match must not take the taker's place. */
export function canHoldBesides(book: BookStore, market: number, price: number): boolean {
  const node = book.nodes[market * NODE + (price >>> 21)]! - 1
  if (node >= 0 && book.nodes[node * NODE + ((price >>> 10) & 2_047)]! !== 0) return true
  if (node < 0 && book.freeNodeCount + book.nodeCapacity - book.nodesUsed < 2) return false
  return book.freePageCount + book.pageCapacity - book.pagesUsed >= 2
}

function setChild(nodes: Int32Array, node: number, child: number, value: number): void {
  const at = node * NODE
  nodes[at + child] = value
  const word = at + NODE_USED + (child >>> 5)
  nodes[word] = nodes[word]! | (1 << (child & 31))
  const summary = at + NODE_SUMMARY + (child >>> 10)
  nodes[summary] = nodes[summary]! | (1 << ((child >>> 5) & 31))
}

/** Removes a child; true if the node has none left. */
function clearChild(nodes: Int32Array, node: number, child: number): boolean {
  const at = node * NODE
  nodes[at + child] = 0
  const word = at + NODE_USED + (child >>> 5)
  const rest = nodes[word]! & ~(1 << (child & 31))
  nodes[word] = rest
  if (rest !== 0) return false
  const summary = at + NODE_SUMMARY + (child >>> 10)
  nodes[summary] = nodes[summary]! & ~(1 << ((child >>> 5) & 31))
  return nodes[at + NODE_SUMMARY] === 0 && nodes[at + NODE_SUMMARY + 1] === 0
}

/** Page that holds a price, made if need be; the caller has asked `canHold`. */
export function makePage(book: BookStore, market: number, price: number): number {
  const nodes = book.nodes
  let node = nodes[market * NODE + (price >>> 21)]! - 1
  if (node < 0) {
    node = book.freeNodeCount > 0 ? book.freeNodes[--book.freeNodeCount]! : book.nodesUsed++
    setChild(nodes, market, price >>> 21, node + 1)
  }
  const child = (price >>> 10) & 2_047
  let page = nodes[node * NODE + child]! - 1
  if (page < 0) {
    page = book.freePageCount > 0 ? book.freePages[--book.freePageCount]! : book.pagesUsed++
    setChild(nodes, node, child, page + 1)
  }
  return page
}

/** Whether the level has an order. */
export function levelUsed(book: BookStore, page: number, price: number): boolean {
  const level = price & 1_023
  return (book.bits[page * BITS + (level >>> 5)]! & (1 << (level & 31))) !== 0
}

export function setLevel(book: BookStore, page: number, price: number): void {
  const level = price & 1_023
  const at = page * BITS
  const word = level >>> 5
  book.bits[at + word] = book.bits[at + word]! | (1 << (level & 31))
  book.bits[at + BITS_SUMMARY] = book.bits[at + BITS_SUMMARY]! | (1 << word)
}

/** Marks a level empty and gives back its page, and the directory above, when they hold nothing more. */
export function clearLevel(book: BookStore, market: number, page: number, price: number): void {
  const level = price & 1_023
  const at = page * BITS
  const word = level >>> 5
  const rest = book.bits[at + word]! & ~(1 << (level & 31))
  book.bits[at + word] = rest
  if (rest !== 0) return
  const summary = book.bits[at + BITS_SUMMARY]! & ~(1 << word)
  book.bits[at + BITS_SUMMARY] = summary
  if (summary !== 0) return
  book.freePages[book.freePageCount++] = page
  const node = book.nodes[market * NODE + (price >>> 21)]! - 1
  if (!clearChild(book.nodes, node, (price >>> 10) & 2_047)) return
  book.freeNodes[book.freeNodeCount++] = node
  clearChild(book.nodes, market, price >>> 21)
}

const highest = (word: number) => 31 - Math.clz32(word)
const lowest = (word: number) => 31 - Math.clz32(word & -word)

function levelBelow(bits: Int32Array, page: number, level: number): number {
  const at = page * BITS
  const word = level >>> 5
  const here = bits[at + word]! & ((1 << (level & 31)) - 1)
  if (here !== 0) return (word << 5) + highest(here)
  const words = bits[at + BITS_SUMMARY]! & ((1 << word) - 1)
  if (words === 0) return NONE
  const next = highest(words)
  return (next << 5) + highest(bits[at + next]!)
}

function levelAbove(bits: Int32Array, page: number, level: number): number {
  const at = page * BITS
  const word = level >>> 5
  const here = bits[at + word]! & (-2 << (level & 31))
  if (here !== 0) return (word << 5) + lowest(here)
  const words = bits[at + BITS_SUMMARY]! & (-2 << word)
  if (words === 0) return NONE
  const next = lowest(words)
  return (next << 5) + lowest(bits[at + next]!)
}

function childBelow(nodes: Int32Array, node: number, child: number): number {
  const at = node * NODE
  const word = child >>> 5
  const here = nodes[at + NODE_USED + word]! & ((1 << (child & 31)) - 1)
  if (here !== 0) return (word << 5) + highest(here)
  const group = word >>> 5
  let words = nodes[at + NODE_SUMMARY + group]! & ((1 << (word & 31)) - 1)
  let base = group << 5
  if (words === 0 && group === 1) {
    words = nodes[at + NODE_SUMMARY]!
    base = 0
  }
  if (words === 0) return NONE
  const next = base + highest(words)
  return (next << 5) + highest(nodes[at + NODE_USED + next]!)
}

function childAbove(nodes: Int32Array, node: number, child: number): number {
  const at = node * NODE
  const word = child >>> 5
  const here = nodes[at + NODE_USED + word]! & (-2 << (child & 31))
  if (here !== 0) return (word << 5) + lowest(here)
  const group = word >>> 5
  let words = nodes[at + NODE_SUMMARY + group]! & (-2 << (word & 31))
  let base = group << 5
  if (words === 0 && group === 0) {
    words = nodes[at + NODE_SUMMARY + 1]!
    base = 32
  }
  if (words === 0) return NONE
  const next = base + lowest(words)
  return (next << 5) + lowest(nodes[at + NODE_USED + next]!)
}

const composed = (top: number, child: number, level: number) =>
  ((top << 21) | (child << 10) | level) >>> 0

/** Highest used price below `price`, 0 if none. */
export function priceBelow(book: BookStore, market: number, price: number): number {
  const { nodes, bits } = book
  let top = price >>> 21
  let child = (price >>> 10) & 2_047
  let node = nodes[market * NODE + top]! - 1
  if (node >= 0) {
    const page = nodes[node * NODE + child]! - 1
    const level = page < 0 ? NONE : levelBelow(bits, page, price & 1_023)
    if (level !== NONE) return composed(top, child, level)
    child = childBelow(nodes, node, child)
  }
  if (node < 0 || child === NONE) {
    top = childBelow(nodes, market, top)
    if (top === NONE) return 0
    node = nodes[market * NODE + top]! - 1
    child = nodes[node * NODE + 2_047]! !== 0 ? 2_047 : childBelow(nodes, node, 2_047)
  }
  const page = nodes[node * NODE + child]! - 1
  const last = levelUsed(book, page, 1_023) ? 1_023 : levelBelow(bits, page, 1_023)
  return composed(top, child, last)
}

/** Lowest used price above `price`, 0 if none. */
export function priceAbove(book: BookStore, market: number, price: number): number {
  const { nodes, bits } = book
  let top = price >>> 21
  let child = (price >>> 10) & 2_047
  let node = nodes[market * NODE + top]! - 1
  if (node >= 0) {
    const page = nodes[node * NODE + child]! - 1
    const level = page < 0 ? NONE : levelAbove(bits, page, price & 1_023)
    if (level !== NONE) return composed(top, child, level)
    child = childAbove(nodes, node, child)
  }
  if (node < 0 || child === NONE) {
    top = childAbove(nodes, market, top)
    if (top === NONE) return 0
    node = nodes[market * NODE + top]! - 1
    child = nodes[node * NODE]! !== 0 ? 0 : childAbove(nodes, node, 0)
  }
  const page = nodes[node * NODE + child]! - 1
  const first = levelUsed(book, page, 0) ? 0 : levelAbove(bits, page, 0)
  return composed(top, child, first)
}
