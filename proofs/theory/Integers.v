(* The ring of integers, for rational certificates. *)
From Coq Require Import Reals ZArith List Lra.
From Pep Require Import Ring.
Open Scope R_scope.

Definition integers : ring :=
  Ring Z 0%Z 1%Z Z.add Z.mul Z.opp (Z.eqb 0) (Z.leb 0) Z.abs (fun z => z) 1 (fun l => hd 0%Z l).

Definition integers_real : realisation integers.
Proof.
  refine (Realisation integers IZR _ _ plus_IZR mult_IZR opp_IZR (fun z => eq_refl) _ _ _).
  - reflexivity.
  - reflexivity.
  - intros a H. change ((0 =? a)%Z = true) in H. apply Z.eqb_eq in H. subst. reflexivity.
  - intros a H. change ((0 <=? a)%Z = true) in H. apply Z.leb_le in H. apply IZR_le in H. exact H.
  - intro a. simpl. rewrite abs_IZR. lra.
Defined.
