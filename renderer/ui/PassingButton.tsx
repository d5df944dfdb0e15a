import { Button, type ButtonProps } from '@mantine/core'
import { useLayoutEffect, useRef, type ComponentPropsWithoutRef } from 'react'

/** A button that may go away while it has the focus: that goes to what `onward` gives then, never to nowhere. */
export function PassingButton({
  onward,
  ...props
}: ButtonProps & ComponentPropsWithoutRef<'button'> & { onward: () => HTMLElement | null }) {
  const button = useRef<HTMLButtonElement>(null)
  const next = useRef(onward)
  useLayoutEffect(() => {
    next.current = onward
  })
  useLayoutEffect(() => {
    const element = button.current
    return () => {
      if (element !== null && document.activeElement === element) next.current()?.focus()
    }
  }, [])
  return <Button ref={button} {...props} />
}
