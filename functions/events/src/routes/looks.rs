//! Looking again when others move what a decision rested on.

use std::time::Duration;

use shared::cx::Context;
use shared::digest;
use shared::problem::Problem;

use crate::problems::CROWDED;
use crate::store::moved;

/// How often a request looks again.
const LOOKS: u32 = 8;
/// How long it pauses before the second look, at most; then twice as long each
/// time, up to eight times.
const PAUSE: Duration = Duration::from_millis(10);
/// What must be left of a request's time for one more look.
const A_LOOK: Duration = Duration::from_secs(1);

/// Makes attempts until one does not lose a race. Pauses between them at
/// random, so that those who lost together do not come again together.
///
/// # Errors
/// What an attempt ended with; 503 when all of them lost.
pub(in crate::routes) async fn looking_again<T, F>(
    cx: &Context,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    for look in 0..LOOKS {
        match attempt().await {
            Err(problem) if problem.kind() == &CROWDED => {}
            result => return result,
        }
        if cx.remaining() < A_LOOK {
            break;
        }
        let [byte] = digest::random::<1>().unwrap_or([128]);
        let longest = PAUSE * (1 << look.min(3));
        tokio::time::sleep(longest.mul_f64(f64::from(byte) / 255.0)).await;
    }
    Err(moved())
}
