import type { ReactNode } from 'react'
import type { ReaderView } from '../../../shared/contract/views.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { PinForm } from './PinForm.tsx'

/** The PIN form as a dialog; its field is gone from the page as soon as it closes. */
export function PinDialog(props: {
  opened: boolean
  onClose: () => void
  title: string
  reader: ReaderView | null
  action: string
  children?: ReactNode
  onPin: (pin: string) => Promise<void>
}) {
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={props.title}>
      <PinForm reader={props.reader} action={props.action} onPin={props.onPin} onCancel={props.onClose}>
        {props.children}
      </PinForm>
    </Dialog>
  )
}
