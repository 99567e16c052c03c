use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// When a process that waits is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As soon as it waits: what it sent may still stand in a buffer.
    AtOnce,
    /// After everything else in the process had one turn: on its way.
    Underway,
    /// When what it waits for is there: done, and the answer never seen.
    Answered,
}

impl Moment {
    pub const ALL: [Self; 3] = [Self::AtOnce, Self::Underway, Self::Answered];
}

/// Polls `work` at most `polls` times and then drops it, as a process that is
/// stopped there would: `None`. What the service has been sent by then may or
/// may not happen.
pub async fn stopped<F: Future>(polls: usize, moment: Moment, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match work.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left > 0 => Poll::Pending,
            Poll::Pending => match moment {
                Moment::AtOnce => Poll::Ready(None),
                Moment::Underway => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Moment::Answered => Poll::Pending,
            },
        }
    })
    .await
}
