//! EIP-712 digest of a flat struct of integers, booleans and addresses, which is all that Plumb signs.
import { keccak_256 } from '@noble/hashes/sha3.js'
import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { TypedData, TypedDomain, TypedField } from '@plumb/protocol'

const WORD = 32
const DOMAIN_TYPE =
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'

const hashText = (text: string) => keccak_256(utf8ToBytes(text))

const separators = new WeakMap<TypedDomain, Uint8Array>()
const typeHashes = new WeakMap<readonly TypedField[], Uint8Array>()

/**
 * keccak256(0x1901 ‖ domain separator ‖ struct hash) of typed data whose struct has only unsigned integers, booleans
 * and addresses; equal to `ethers.TypedDataEncoder.hash`. Throws TypeError on any other field type. Values are not
 * range-checked: they come from `@plumb/protocol`.
 */
export function typedDataDigest(data: TypedData<object>): Uint8Array {
  const fields = data.types[data.primaryType] ?? []
  const words = new Uint8Array((fields.length + 1) * WORD)
  words.set(typeHash(data.primaryType, fields), 0)
  const values = new Map<string, unknown>(Object.entries(data.message))
  for (const [i, { name }] of fields.entries()) putInteger(words, i + 1, values.get(name))
  const message = new Uint8Array(2 + 2 * WORD)
  message[0] = 0x19
  message[1] = 0x01
  message.set(domainSeparator(data.domain), 2)
  message.set(keccak_256(words), 2 + WORD)
  return keccak_256(message)
}

function domainSeparator(domain: TypedDomain): Uint8Array {
  const known = separators.get(domain)
  if (known !== undefined) return known
  const words = new Uint8Array(5 * WORD)
  words.set(hashText(DOMAIN_TYPE), 0)
  words.set(hashText(domain.name), WORD)
  words.set(hashText(domain.version), 2 * WORD)
  putInteger(words, 3, domain.chainId)
  words.set(hexToBytes(domain.verifyingContract.slice(2)), 4 * WORD + 12)
  const separator = keccak_256(words)
  separators.set(domain, separator)
  return separator
}

function typeHash(name: string, fields: readonly TypedField[]): Uint8Array {
  const known = typeHashes.get(fields)
  if (known !== undefined) return known
  for (const field of fields)
    if (!/^(?:uint\d+|address|bool)$/.test(field.type))
      throw new TypeError(`${name}.${field.name}: ${field.type} is not hashed here`)
  const list = fields.map((field) => `${field.type} ${field.name}`).join(',')
  const hash = hashText(`${name}(${list})`)
  typeHashes.set(fields, hash)
  return hash
}

/** Big-endian, right-aligned in word `index`. */
function putInteger(words: Uint8Array, index: number, value: unknown): void {
  let at = (index + 1) * WORD - 1
  if (typeof value === 'boolean') {
    words[at] = value ? 1 : 0
    return
  }
  if (typeof value === 'number' && value <= 0xffff_ffff) {
    for (let rest = value; rest > 0; rest >>>= 8) words[at--] = rest & 0xff
    return
  }
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new TypeError(`word ${index} is no integer`)
  for (let rest = BigInt(value); rest > 0n; rest >>= 8n) words[at--] = Number(rest & 0xffn)
}
