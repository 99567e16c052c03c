//! What is left of long jobs.

use shared::commit::Commit;
use shared::table::{Entity, Index, Query, StoreError};

use super::Store;
use crate::model::{Job, KeptJob};

impl Store {
    /// What is left of a job, if it was kept.
    pub async fn kept_job(&self, job: &Job) -> Result<Option<KeptJob>, StoreError> {
        self.table.get_consistent(&job.key()).await
    }

    /// Jobs that are left, the longest untouched first; only a hint.
    pub async fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        let query = Query::partition("JOBS").index(Index::Gsi1).limit(20);
        let found = self.table.query::<KeptJob>(query).await?;
        Ok(found.items.into_iter().map(|kept| kept.job).collect())
    }
}

/// Keeps what is left of a job, unless somebody else has worked on it.
pub fn keep(commit: &mut Commit, left: &KeptJob) {
    if left.version == 0 {
        commit.create(left);
    } else {
        commit.replace(left);
    }
}

/// Forgets a job that is done, unless somebody began it anew.
pub fn done(commit: &mut Commit, kept: &KeptJob) {
    commit
        .delete(kept.key())
        .when("#version = :read")
        .bind(":read", kept.version);
}
