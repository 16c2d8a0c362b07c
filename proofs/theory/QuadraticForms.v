(* Quadratic forms in vectors b_0, b_1, .., and a test that one is positive semidefinite.

   A form is first a list of rows M (the sum of M_ij <b_i, b_j>), to which outer products are added, then the upper triangle
   of its double, row i starting at the diagonal. The test subtracts columns w_0 w_0^T, w_1 w_1^T, .. one at a time (an
   approximate Cholesky factor, which comes with the certificate); what is left of row k after k + 1 of them must be
   diagonally dominant. The bounds of the entries of a row are a debt of the diagonals further down. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Lia.
From Pep Require Import Space Ring LinearForms.
Import ListNotations.
Open Scope R_scope.

Section Computation.
Variable K : ring.
Notation linear := (list K).

(* M + a b^T *)
Fixpoint add_outer (M : list linear) (a b : linear) : list linear := match a with
  | [] => M
  | x :: a' => (if is_zero K x then hd [] M else ladd K (hd [] M) (lscale K x b)) :: add_outer (tl M) a' b
  end.

(* upper triangle of M + M^T *)
Fixpoint triangle (n : nat) (M : list linear) : list linear := match n with
  | O => []
  | S n' => match M with
    | [] => []
    | r :: M' =>
      let d := hd (c0 K) r in
      (cadd K d d :: ladd K (tl r) (map (hd (c0 K)) M')) :: triangle n' (map (@tl _) M')
    end
  end.

(* T - w w^T *)
Fixpoint subtract_square (T : list linear) (w : linear) : list linear := match w with
  | [] => T
  | a :: w' => ladd K (hd [] T) (lscale K (copp K a) (a :: w')) :: subtract_square (tl T) w'
  end.

Fixpoint lsum (l : linear) : K := match l with [] => c0 K | x :: l' => cadd K x (lsum l') end.

Fixpoint semidefinite (n : nat) (T : list linear) (columns : list linear) (debt : linear) : bool := match n with
  | O => match T, debt with [], [] => true | _, _ => false end
  | S n' => match subtract_square T (hd [] columns) with
    | [] => match debt with [] => true | _ => false end
    | row :: T' =>
      let e := map (bound K) (tl row) in
      nonnegative K (cadd K (hd (c0 K) row) (copp K (cadd K (hd (c0 K) debt) (lsum e))))
      && semidefinite n' T' (tl columns) (ladd K (tl debt) e)
    end
  end.
End Computation.

Section Meaning.
Context {K : ring} (E : realisation K) {V : inner_space}.
Notation linear := (list K).
Notation val := (value E).
Implicit Types (bs us : list V).

Fixpoint eval_rows (M : list linear) us bs : R := match M, us with
  | r :: M', u :: us' => inner (eval E r bs) u + eval_rows M' us' bs
  | _, _ => 0
  end.

Lemma eval_rows_nil : forall M bs, eval_rows M [] bs = 0.
Proof. destruct M; reflexivity. Qed.

Lemma eval_rows_head_tail : forall M u us bs,
  eval_rows M (u :: us) bs = inner (eval E (hd [] M) bs) u + eval_rows (tl M) us bs.
Proof. destruct M; intros; simpl; expand_inner; [ring|reflexivity]. Qed.

Lemma eval_add_outer : forall a M b us bs,
  eval_rows (add_outer K M a b) us bs = eval_rows M us bs + inner (eval E a us) (eval E b bs).
Proof.
  induction a as [|x a IH]; intros M b us bs; [simpl; expand_inner; ring|].
  destruct us as [|u us]; [rewrite !eval_rows_nil, eval_nil; expand_inner; ring|].
  rewrite (eval_rows_head_tail M). simpl. expand_inner. rewrite IH.
  destruct (is_zero K x) eqn:Ex.
  - rewrite (is_zero_ok E x Ex). ring.
  - rewrite eval_add, eval_scale. rewrite (inner_sym V u). ring.
Qed.

Fixpoint eval_triangle (T : list linear) bs : R := match T, bs with
  | r :: T', b :: bs' => val (hd (c0 K) r) * inner b b + 2 * inner (eval E (tl r) bs') b + eval_triangle T' bs'
  | _, _ => 0
  end.

Lemma eval_triangle_nil : forall T, eval_triangle T [] = 0.
Proof. destruct T; reflexivity. Qed.

Lemma eval_triangle_head_tail : forall T b bs, eval_triangle T (b :: bs)
  = val (hd (c0 K) (hd [] T)) * inner b b + 2 * inner (eval E (tl (hd [] T)) bs) b + eval_triangle (tl T) bs.
Proof. destruct T; intros; simpl; [rewrite value_0; expand_inner; ring|reflexivity]. Qed.

Lemma eval_rows_columns : forall M us b bs,
  eval_rows M us (b :: bs) = inner (eval E (map (hd (c0 K)) M) us) b + eval_rows (map (@tl _) M) us bs.
Proof.
  induction M as [|r M IH]; intros us b bs; [simpl; expand_inner; ring|].
  destruct us as [|u us]; [rewrite !eval_rows_nil, eval_nil; expand_inner; ring|].
  cbn [eval_rows map]. rewrite IH, eval_head_tail. simpl. expand_inner. rewrite (inner_sym V b u). ring.
Qed.

Lemma eval_triangle_of_rows : forall n M bs, (length M <= n)%nat ->
  eval_triangle (triangle K n M) bs = 2 * eval_rows M bs bs.
Proof.
  induction n as [|n IH]; intros M bs L.
  - destruct M; [simpl; ring|simpl in L; lia].
  - destruct M as [|r M]; [simpl; ring|].
    destruct bs as [|b bs]; [rewrite eval_triangle_nil, eval_rows_nil; ring|].
    cbn [triangle eval_triangle hd tl eval_rows]. rewrite IH by (rewrite map_length; simpl in L; lia).
    rewrite eval_head_tail, eval_rows_columns, eval_add, value_add. ring.
Qed.

Lemma eval_subtract_square : forall w T bs,
  eval_triangle (subtract_square K T w) bs = eval_triangle T bs - inner (eval E w bs) (eval E w bs).
Proof.
  induction w as [|a w IH]; intros T bs; [simpl; expand_inner; ring|].
  destruct bs as [|b bs]; [rewrite !eval_triangle_nil, eval_nil; expand_inner; ring|].
  rewrite (eval_triangle_head_tail T). cbn [subtract_square]. cbn [eval_triangle]. rewrite IH.
  set (y := eval E w bs). simpl (eval E (a :: w) (b :: bs)). fold y. expand_inner.
  destruct (hd [] T) as [|d e]; cbn [ladd lscale map hd tl].
  - rewrite value_0. change (map _ w) with (lscale K (copp K a) w). rewrite eval_scale, value_mul, value_opp.
    simpl (eval E [] bs). expand_inner. fold y. rewrite (inner_sym V b y). ring.
  - change (map _ w) with (lscale K (copp K a) w). rewrite eval_add, eval_scale, value_add, value_mul, value_opp.
    fold y. rewrite (inner_sym V b y). ring.
Qed.

(* sum of debt_i |b_i|^2 *)
Fixpoint eval_debt (debt : linear) bs : R := match debt, bs with
  | d :: debt', b :: bs' => val d * inner b b + eval_debt debt' bs'
  | _, _ => 0
  end.

Lemma eval_debt_add : forall a b bs, eval_debt (ladd K a b) bs = eval_debt a bs + eval_debt b bs.
Proof.
  induction a as [|x a IH]; intros b bs; [simpl; ring|].
  destruct b as [|y b]; [simpl ladd; simpl (eval_debt [] bs); ring|].
  destruct bs as [|u bs]; simpl; [ring|]. rewrite IH, value_add. ring.
Qed.

Lemma eval_debt_head_tail : forall d b bs, eval_debt d (b :: bs) = val (hd (c0 K) d) * inner b b + eval_debt (tl d) bs.
Proof. destruct d; intros; simpl; [rewrite value_0; ring|reflexivity]. Qed.

(* 2 e_i <b_i, b> >= - |e_i| (|b_i|^2 + |b|^2), summed over i *)
Lemma dominated : forall e bs b,
  - (val (lsum K (map (bound K) e)) * inner b b + eval_debt (map (bound K) e) bs) <= 2 * inner (eval E e bs) b.
Proof.
  assert (forall e (b : V), 0 <= val (lsum K (map (bound K) e)) * inner b b) as Pos.
  { intros e b. apply Rmult_le_pos; [|apply inner_pos]. induction e as [|x e IH]; simpl; [rewrite value_0; lra|].
    rewrite value_add. pose proof (bound_ok E x). pose proof (Rabs_pos (val x)). lra. }
  induction e as [|x e IH]; intros bs b; [simpl; rewrite value_0; expand_inner; lra|].
  destruct bs as [|u bs].
  { rewrite eval_nil. expand_inner. pose proof (Pos (x :: e) b). simpl (eval_debt _ []).
    destruct (map (bound K) (x :: e)); simpl in *; lra. }
  simpl. expand_inner. rewrite value_add. specialize (IH bs b).
  assert (- (val (bound K x) * (inner b b + inner u u)) <= 2 * (val x * inner u b)).
  { pose proof (bound_ok E x) as A. pose proof (inner_pos V (plus u b)) as P1. pose proof (inner_pos V (minus u b)) as P2.
    unfold minus in P2. revert P1 P2. expand_inner. rewrite (inner_sym V b u). intros.
    pose proof (Rle_abs (val x)). pose proof (Rle_abs (- val x)). rewrite Rabs_Ropp in *.
    assert (- val (bound K x) <= val x <= val (bound K x)) by lra. nra. }
  lra.
Qed.

Lemma semidefinite_ok : forall n T columns debt bs,
  semidefinite K n T columns debt = true -> eval_debt debt bs <= eval_triangle T bs.
Proof.
  induction n as [|n IH]; intros T columns debt bs H; cbn [semidefinite] in H.
  - destruct T, debt; try discriminate. simpl. lra.
  - pose proof (eval_subtract_square (hd [] columns) T bs) as R.
    pose proof (inner_pos V (eval E (hd [] columns) bs)) as P.
    destruct (subtract_square K T (hd [] columns)) as [|row T'] eqn:Et.
    + destruct debt; [|discriminate]. simpl in *. lra.
    + apply andb_true_iff in H. destruct H as [H1 H2].
      destruct bs as [|b bs]; [rewrite eval_triangle_nil in *; destruct debt; simpl; lra|].
      apply (nonnegative_ok E) in H1. rewrite !value_add, !value_opp, ?value_add in H1. specialize (IH _ _ _ bs H2).
      rewrite eval_debt_add in IH. rewrite eval_debt_head_tail. cbn [eval_triangle] in R.
      pose proof (dominated (tl row) bs b) as Cr. pose proof (inner_pos V b) as Pb.
      pose proof (Rmult_le_pos _ _ H1 Pb) as Z. cbn [hd tl] in *. lra.
Qed.
End Meaning.
