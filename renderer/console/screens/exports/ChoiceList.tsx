import { Radio } from '@mantine/core'
import type { ReactNode } from 'react'
import css from './exports.module.css'

export interface OfferedChoice<T extends string> {
  readonly value: T
  readonly name: ReactNode
  /** What it means; where it cannot be chosen, why not. */
  readonly what: string
  readonly off: boolean
}

/** One of a few, each with what it means. What cannot be chosen stays in sight and says why. */
export function ChoiceList<T extends string>(props: {
  label: string
  choices: readonly OfferedChoice<T>[]
  value: T
  onChange: (value: T) => void
}) {
  return (
    <Radio.Group
      aria-label={props.label}
      value={props.value}
      onChange={(value) => {
        const chosen = props.choices.find((choice) => choice.value === value)
        if (chosen !== undefined) props.onChange(chosen.value)
      }}
    >
      <div className={css.choices}>
        {props.choices.map((choice) => (
          <div key={choice.value} className={css.choice} data-off={choice.off}>
            <Radio value={choice.value} label={choice.name} description={choice.what} disabled={choice.off} />
          </div>
        ))}
      </div>
    </Radio.Group>
  )
}
