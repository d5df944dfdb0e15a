import { describe, expect, it } from 'vitest'
import { canonicalize, readXml, textOf, XML_LIMITS } from '../../../../shared/ades/index.ts'
import { decode, encode, verdict } from './kit.ts'

const deep = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth)

describe('when XML is read', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['a document', '<a b="1"><c/>text</a>', 'ok'],
    ['a declaration', '<?xml version="1.0" encoding="utf-8" standalone=\'yes\' ?>\n<a/>\n', 'ok'],
    ['the five entities', '<a b="&quot;&apos;">&lt;&gt;&amp;</a>', 'ok'],
    ['characters by number', '<a>&#65;&#x1F600;</a>', 'ok'],
    ['character data', '<a><![CDATA[<&]]></a>', 'ok'],
    ['names of other alphabets', '<città è="sì"/>', 'ok'],
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x3c, 0x61, 0x2f, 0x3e), 'ok'],
    ['an undeclared default', '<a xmlns="urn:x"><b xmlns=""/></a>', 'ok'],
    ['64 levels', deep(64), 'ok'],
    ['65 levels', deep(65), 'xml-too-large'],
    ['65 attributes', `<a ${Array.from({ length: 65 }, (_, i) => `b${i}=""`).join(' ')}/>`, 'xml-too-large'],
    ['a document type', '<!DOCTYPE a><a/>', 'xml-doctype'],
    ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 'xml-doctype'],
    ['a billion laughs', '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>', 'xml-doctype'],
    ['a document type inside', '<a><!DOCTYPE a></a>', 'xml-doctype'],
    ['an unknown entity', '<a>&nbsp;</a>', 'xml-entity'],
    ['an unknown entity in a value', '<a b="&x;"/>', 'xml-entity'],
    ['an entity that every object has', '<a>&constructor;</a>', 'xml-entity'],
    ['an instruction', '<a><?php ?></a>', 'xml-processing-instruction'],
    ['an instruction before', '<?xml-stylesheet href="x"?><a/>', 'xml-processing-instruction'],
    ['an instruction after', '<a/><?x?>', 'xml-processing-instruction'],
    ['a declaration not at the start', ' <?xml version="1.0"?><a/>', 'xml-processing-instruction'],
    ['XML 1.1', '<?xml version="1.1"?><a/>', 'xml-processing-instruction'],
    ['a comment', '<a>ad<!-- -->min</a>', 'xml-comment'],
    ['a comment after', '<a/><!-- -->', 'xml-comment'],
    ['a bare &', '<a>a & b</a>', 'xml-malformed'],
    ['a bare & in a value', '<a b="&"/>', 'xml-malformed'],
    ['< in a value', '<a b="<"/>', 'xml-malformed'],
    [']]> in text', '<a>]]></a>', 'xml-malformed'],
    ['a wrong end', '<a></b>', 'xml-malformed'],
    ['an end with another prefix', '<a:x xmlns:a="urn:x" xmlns:b="urn:x"></b:x>', 'xml-malformed'],
    ['no end', '<a><b></b>', 'xml-malformed'],
    ['two roots', '<a/><b/>', 'xml-malformed'],
    ['text after', '<a/>text', 'xml-malformed'],
    ['text before', 'text<a/>', 'xml-malformed'],
    ['nothing', '', 'xml-malformed'],
    ['an attribute twice', '<a b="1" b="2"/>', 'xml-malformed'],
    ['an attribute twice by name', '<a xmlns:x="urn:n" xmlns:y="urn:n" x:b="1" y:b="2"/>', 'xml-malformed'],
    ['a declaration twice', '<a xmlns:x="urn:n" xmlns:x="urn:m"/>', 'xml-malformed'],
    ['an attribute without quotes', '<a b=1/>', 'xml-malformed'],
    ['attributes without a space', '<a b="1"c="2"/>', 'xml-malformed'],
    ['a space that is none', '<a\u00a0b="1"/>', 'xml-malformed'],
    ['open character data', '<a><![CDATA[', 'xml-malformed'],
    ['two colons', '<a:b:c xmlns:a="urn:x"/>', 'xml-malformed'],
    ['an unbound prefix', '<a:b/>', 'xml-namespace'],
    ['an unbound prefix of an attribute', '<b a:c=""/>', 'xml-namespace'],
    ['an unbinding', '<a xmlns:x=""/>', 'xml-namespace'],
    ['xmlns bound', '<a xmlns:xmlns="urn:x"/>', 'xml-namespace'],
    ['xmlns used', '<xmlns:a/>', 'xml-namespace'],
    ['xml bound elsewhere', '<a xmlns:xml="urn:x"/>', 'xml-namespace'],
    ['the name of xml under another prefix', '<a xmlns:y="http://www.w3.org/XML/1998/namespace"/>', 'xml-namespace'],
    ['a relative name', '<a xmlns="x/y"/>', 'xml-namespace'],
    ['a control character', '<a>\u0001</a>', 'xml-character'],
    ['a control character by number', '<a>&#0;</a>', 'xml-character'],
    ['half a pair by number', '<a>&#xD800;</a>', 'xml-character'],
    ['a number beyond', '<a>&#x110000;</a>', 'xml-character'],
    ['bytes that are no UTF-8', Uint8Array.of(0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e), 'xml-encoding'],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x3c, 0, 0x61, 0, 0x2f, 0, 0x3e, 0), 'xml-encoding'],
  ])('judges: %s', (_, document, expected) => {
    expect(verdict(() => readXml(typeof document === 'string' ? encode(document) : document))).toBe(expected)
  })

  it('keeps within size and count', () => {
    const limits = { ...XML_LIMITS, maxBytes: 20, maxElements: 3 }
    expect(verdict(() => readXml(encode('<a><b/><b/></a>'), limits))).toBe('ok')
    expect(verdict(() => readXml(encode('<a><b/><b/><b/></a>'), limits))).toBe('xml-too-large')
    expect(verdict(() => readXml(encode('<a><b/><b/><b/></a>'), { ...limits, maxElements: 9, maxBytes: 18 }))).toBe(
      'xml-too-large',
    )
  })

  it('reads what is meant', () => {
    const { root } = readXml(encode('<a b=" x&#10;\ny ">one\r\n<![CDATA[two]]>&amp;\rthree</a>'))
    expect(textOf(root)).toBe('one\ntwo&\nthree')
    expect(root.attributes).toMatchObject([{ local: 'b', value: ' x\n y ', namespace: '' }])
  })

  it('takes time in proportion to hostile input', () => {
    const started = performance.now()
    for (const piece of ['<', '&', '<a ', ' ', '<a b="', ']]>', '<![CDATA[', '&a']) {
      verdict(() => readXml(encode(`<a>${piece.repeat(200_000)}`)))
      verdict(() => readXml(encode(`<a ${piece.repeat(200_000)}`)))
    }
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

/** Exclusive C14N 1.0 and Canonical XML 1.0, by their rules; expected forms worked out by hand from the texts. */
describe('when XML is made canonical', () => {
  const form = (text: string, path: readonly number[], method: 'exclusive' | 'inclusive') => {
    let element = readXml(encode(text)).root
    for (const at of path) element = element.children.filter((one) => typeof one !== 'string')[at]!
    let out = ''
    canonicalize(element, method, (piece) => {
      out += piece
    })
    return out
  }
  it.each<[string, string, readonly number[], string, string]>([
    ['empty elements and quotes', "<a c='1' b='\"'/>", [], '<a b="&quot;" c="1"></a>', '<a b="&quot;" c="1"></a>'],
    [
      'only what is used',
      '<n0:pdu xmlns:n0="http://a.example" xmlns:n2="http://c.example"><n1:elem2 xmlns:n1="http://b.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://e.example"/></n1:elem2></n0:pdu>',
      [0],
      '<n1:elem2 xmlns:n1="http://b.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://e.example"></n3:stuff></n1:elem2>',
      '<n1:elem2 xmlns:n0="http://a.example" xmlns:n1="http://b.example" xmlns:n2="http://c.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://e.example"></n3:stuff></n1:elem2>',
    ],
    [
      'order of attributes by namespace',
      '<e5 a:attr="out" b:attr="sorted" attr2="all" attr="I\'m" xmlns:b="http://www.ietf.org" xmlns:a="http://www.w3.org" xmlns="http://example.org"/>',
      [],
      '<e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I\'m" attr2="all" b:attr="sorted" a:attr="out"></e5>',
      '<e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I\'m" attr2="all" b:attr="sorted" a:attr="out"></e5>',
    ],
    [
      'default namespace undone, and done again',
      '<a xmlns="urn:x"><b xmlns=""><c xmlns="urn:x"/></b></a>',
      [],
      '<a xmlns="urn:x"><b xmlns=""><c xmlns="urn:x"></c></b></a>',
      '<a xmlns="urn:x"><b xmlns=""><c xmlns="urn:x"></c></b></a>',
    ],
    [
      'no declaration twice',
      '<p:a xmlns:p="urn:x"><b xmlns:p="urn:x"><p:c xmlns:p="urn:x"/></b></p:a>',
      [],
      '<p:a xmlns:p="urn:x"><b><p:c></p:c></b></p:a>',
      '<p:a xmlns:p="urn:x"><b><p:c></p:c></b></p:a>',
    ],
    [
      'white space that was referred to',
      '<a b="&#xD;&#10;&#9;">&#xD;\r\n&gt;"</a>',
      [],
      '<a b="&#xD;&#xA;&#x9;">&#xD;\n&gt;"</a>',
      '<a b="&#xD;&#xA;&#x9;">&#xD;\n&gt;"</a>',
    ],
  ])('writes: %s', (_, text, path, exclusive, inclusive) => {
    expect(form(text, path, 'exclusive')).toBe(exclusive)
    expect(form(text, path, 'inclusive')).toBe(inclusive)
  })

  it('refuses the part of the inclusive methods in which 1.0 and 1.1 differ', () => {
    const { root } = readXml(encode('<a xml:base="x"><b/></a>'))
    const [child] = root.children
    expect(verdict(() => canonicalize(child as typeof root, 'inclusive', () => {}))).toBe('canonicalization')
    expect(verdict(() => canonicalize(child as typeof root, 'exclusive', () => {}))).toBe('ok')
  })

  it('is its own canonical form', () => {
    const once = form('<a z="1" xmlns="urn:x" y="&#9;"><b/>t&amp;</a>', [], 'exclusive')
    expect(form(once, [], 'exclusive')).toBe(once)
    expect(decode(encode(once))).toBe(once)
  })
})
