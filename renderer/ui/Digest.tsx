import css from './parts.module.css'

/** A digest in groups, so that two people can read it to each other; it is copied without the gaps. */
export function Digest({ hex, testId }: { hex: string; testId?: string }) {
  return (
    <div className={`cs-mono ${css.digest}`} data-testid={testId} data-digest={hex}>
      {(hex.match(/.{1,8}/g) ?? []).map((group, place) => (
        <span key={`${place} ${group}`}>{group}</span>
      ))}
    </div>
  )
}
